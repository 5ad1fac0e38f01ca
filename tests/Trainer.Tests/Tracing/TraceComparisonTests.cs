namespace SparkTrain.Trainer.Tests.Tracing;

public sealed class TraceComparisonTests
{
    private static readonly StepTrace[] Unbroken = [.. Enumerable.Range(1, 4).Select(Line)];

    [Fact]
    public void Equal_traces_agree_in_every_aspect()
    {
        var agreements = TraceComparison.Of(Unbroken, [.. Enumerable.Range(1, 4).Select(Line)], 4, comparesBits: true);
        Assert.Equal([("samples", 4L, true), ("tokens", 4, true), ("losses", 4, true), ("moments", 4, true), ("weights", 4, true)],
            agreements.Select(agreement => (agreement.Aspect, agreement.Compared, agreement.Difference is null)));
    }

    [Fact]
    public void The_last_bit_of_a_loss_is_a_difference()
    {
        double next = Math.BitIncrement(0.3);
        Assert.Equal(new("losses", 3, new(3, "loss and gradient norm", "0.3 and 1.5", "0.30000000000000004 and 1.5")), Single(3, line => line with { Loss = next }));
        Assert.Equal(3, Single(3, line => line with { GradNorm = Math.BitDecrement(1.5) }).Difference!.Step);
    }

    [Theory]
    [InlineData("samples", "[0,1]")]
    [InlineData("tokens_hash", "\"t1\"")]
    [InlineData("optimizer_hashes", """{"m":"m1","v":"v1"}""")]
    public void A_line_in_which_something_is_null_is_none(string key, string value)
    {
        const string Line = """{"step":1,"loss":0.3,"grad_norm":1.5,"samples":[0,1],"tokens_hash":"t1","weights_hash":"w1","optimizer_hashes":{"m":"m1","v":"v1"}}""";
        string path = Path.GetTempFileName();
        File.WriteAllText(path, $"{Line}\n{Line.Replace($"\"{key}\":{value}", $"\"{key}\":null", StringComparison.Ordinal)}\n");
        var lines = StepTrace.Read(path);
        File.Delete(path);
        Assert.Equal(("t1", "w1", "m1", "v1"), Assert.Single(lines) is var line ? (line.TokensHash, line.WeightsHash, line.OptimizerHashes["m"], line.OptimizerHashes["v"]) : default);
    }

    [Theory]
    // 0, 1, 2, 3 of the unbroken run's first step.
    [InlineData(new long[] { 0, 1, 3, 2 }, "0-1, 3, 2")]
    [InlineData(new long[] { 0, 1, 2 }, "0-2")]
    [InlineData(new long[] { 4, 5, 6, 7 }, "4-7")]
    [InlineData(new long[] { 0, 1, 2, 3, 3 }, "0-3, 3")]
    [InlineData(new long[] { }, "")]
    public void Samples_are_compared_in_their_order(long[] samples, string text) =>
        Assert.Equal(new("samples", 1, new(1, "the samples", "0-3", text)), Single(1, line => line with { Samples = samples }));

    [Fact]
    public void Other_tokens_under_the_same_sample_are_a_difference() => Assert.Equal("tokens", Single(2, line => line with { TokensHash = "f" }).Aspect);

    [Fact]
    public void Weights_and_every_state_of_the_optimizer_are_compared()
    {
        Assert.Equal(new("weights", 2, new(2, "the hash of the weights", "w2", "f")), Single(2, line => line with { WeightsHash = "f" }));
        Assert.Equal(new(2, "the hashes of the optimizer's state", "m m2 and v v2", "m f and v v2"), Single(2, line => line with { OptimizerHashes = Moments("f", "v2") }).Difference);
        Assert.Equal(new(2, "the hashes of the optimizer's state", "m m2 and v v2", "m m2 and v f"), Single(2, line => line with { OptimizerHashes = Moments("m2", "f") }).Difference);
    }

    [Fact]
    public void A_line_that_is_missing_or_one_too_many_differs_in_every_aspect()
    {
        AllDiffer([.. Unbroken.Where(line => line.Step != 3)], 3, "no line");
        AllDiffer([.. Unbroken, Line(5)], 5, null);
        AllDiffer([Unbroken[0], Unbroken[1], Unbroken[1], Unbroken[2], Unbroken[3]], 2, null);
        AllDiffer([], 1, "no line");

        static void AllDiffer(StepTrace[] found, long step, string? text) => Assert.All(TraceComparison.Of(Unbroken, found, 4, comparesBits: true), agreement =>
        {
            Assert.Equal(step, agreement.Difference?.Step);
            if (text is not null) Assert.Equal(text, agreement.Difference!.Found);
        });
    }

    [Fact]
    public void Steps_that_both_runs_lack_do_not_agree() =>
        Assert.All(TraceComparison.Of([], [], 1, comparesBits: true), agreement => Assert.Equal(1, agreement.Difference?.Step));

    [Fact]
    public void Only_what_is_read_is_compared_where_bits_are_not() =>
        Assert.Equal(["samples", "tokens"], TraceComparison.Of(Unbroken, Unbroken, 4, comparesBits: false).Select(agreement => agreement.Aspect));

    [Fact]
    public void Validations_are_compared_by_step()
    {
        StepMetrics[] lines = [Validated(0, 5.5), new() { Step = 1, Tokens = 8 }, Validated(2, 4.5)];
        Assert.Equal(new("validation", 2, null), TraceComparison.OfValidation(lines, lines));
        Assert.Equal(new(2, "the validation loss", "4.5 (1.25 bits per byte)", "4.25 (1.25 bits per byte)"), TraceComparison.OfValidation(lines, [lines[0], Validated(2, 4.25)]).Difference);
        Assert.Equal("no line", TraceComparison.OfValidation(lines, [lines[0]]).Difference!.Found);
        Assert.Equal(new("validation", 0, null), TraceComparison.OfValidation([], [lines[1]]));

        static StepMetrics Validated(long step, double loss) => new() { Step = step, Tokens = 8 * step, ValLoss = loss, ValBitsPerByte = 1.25 };
    }

    // Changes the line of one step, and returns the only aspect that then differs.
    private static RunAgreement Single(long step, Func<StepTrace, StepTrace> change) =>
        TraceComparison.Of(Unbroken, [.. Unbroken.Select(line => line.Step == step ? change(line) : line)], 4, comparesBits: true).Single(agreement => agreement.Difference is not null);

    private static StepTrace Line(int step) => new()
    {
        Step = step, Loss = step / 10.0, GradNorm = step / 2.0, Samples = [4 * step - 4, 4 * step - 3, 4 * step - 2, 4 * step - 1],
        TokensHash = "t" + step, WeightsHash = "w" + step, OptimizerHashes = Moments("m" + step, "v" + step),
    };

    private static Dictionary<string, string> Moments(string m, string v) => new() { ["m"] = m, ["v"] = v };
}
