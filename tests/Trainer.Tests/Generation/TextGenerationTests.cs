using System.Text;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using SparkTrain.Model;
using SparkTrain.Support;
using SparkTrain.Telemetry;
using SparkTrain.Tokenizers;
using static TorchSharp.torch;

namespace SparkTrain.Trainer.Tests.Generation;

/// <summary>What a model writes while it trains. The dataset's tokenizer is of bytes: ids 0 to 255 are bytes, 256 begins and 257 ends a document.</summary>
public sealed class TextGenerationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TrainConfig silent, config;

    public TextGenerationTests()
    {
        silent = TinyRun.Config(TinyRun.Data(folder), folder["runs"]);
        config = silent with { Run = silent.Run with { Name = "writes" }, Generation = new() { Prompts = ["the norm", "k"], EverySteps = 3, MaxTokens = 12, Temperature = 0 } };
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_writes_before_the_first_step_every_so_many_and_after_the_last_what_the_model_finds_most_probable()
    {
        var events = new LogCollector();
        using (var log = new LoggerConfiguration().MinimumLevel.Debug().WriteTo.Sink(events).CreateLogger()) TinyRun.Train(config, log: log);
        var written = Written(config);
        Assert.Equal([(0, "the norm"), (0, "k"), (3, "the norm"), (3, "k"), (6, "the norm"), (6, "k"), (8, "the norm"), (8, "k")], written.Select(text => (text.Step, text.Prompt)));
        Assert.Equal(written.Select(text => (text.Step, text.Prompt, text.Text)), events.Events.Where(e => RunEvent.KindOf(e) == RunEvent.Sample)
            .Select(e => (RunEvent.StepOf(e)!.Value, Property(e, "Prompt"), Property(e, "Text"))));
        using var trained = TrainedModel.Load(Path.Combine(config.Run.Folder, "writes", "model"), new ComputeOptions());
        foreach (var text in written.Where(text => text.Step == 8)) Assert.Equal(MostProbable(trained.Model, text.Prompt, 12), text.Text);
    }

    [Fact]
    public void Training_goes_as_it_would_without()
    {
        TinyRun.Train(silent);
        TinyRun.Train(config);
        Assert.Equal(TinyRun.Losses(silent), TinyRun.Losses(config));
        Assert.Equal(TinyRun.Metrics(silent).Select(m => m.GetProperty("ffn_active_fraction").ToString()), TinyRun.Metrics(config).Select(m => m.GetProperty("ffn_active_fraction").ToString()));
        Assert.Equal(TinyRun.Weights(silent), TinyRun.Weights(config));
        Assert.False(File.Exists(RunFolder.Of(silent.Run).GeneratedFile));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public void A_run_that_was_interrupted_has_the_same_texts_once(int until)
    {
        var drawn = config with { Generation = config.Generation with { Temperature = 0.9, Seed = 7 } };
        var unbroken = drawn with { Run = drawn.Run with { Name = "unbroken" } };
        TinyRun.Train(unbroken);
        TinyRun.Train(drawn, until: until);
        // As if the process had been killed before it wrote, and another had gone further.
        string file = RunFolder.Of(drawn.Run).GeneratedFile;
        var kept = File.ReadAllLines(file).Where(line => !line.Contains($"\"step\":{until},", StringComparison.Ordinal));
        File.WriteAllLines(file, [.. kept, """{"step":7,"prompt":"k","text":"of another life"}"""]);
        TinyRun.Train(drawn);
        Assert.Equal(Written(unbroken), Written(drawn));
    }

    [Fact]
    public void Only_the_first_rank_writes()
    {
        TinyRun.TrainOn(2, config);
        Assert.Equal(8, Written(config).Count);
        Assert.Matches("""^{"step":0,"prompt":"the norm","text":"[^"]*"}$""", File.ReadLines(RunFolder.Of(config.Run).GeneratedFile).First());
    }

    [Fact]
    public void Texts_end_where_other_ranks_have_waited_long_enough()
    {
        TinyRun.Train(config);
        var events = new LogCollector();
        using var log = new LoggerConfiguration().WriteTo.Sink(events).CreateLogger();
        using var trained = TrainedModel.Load(Path.Combine(config.Run.Folder, "writes", "model"), new ComputeOptions());
        using (var run = RunFolder.Open(config.Run))
        using (var generation = new TextGeneration(trained.Model, trained.Tokenizer, config, run, resumeStep: 6, TimeSpan.Zero, log)) generation.Run(8);
        Assert.Equal(["", ""], Written(config).Where(text => text.Step == 8).Select(text => text.Text));
        Assert.StartsWith("step 8: the model wrote for 0 s, half of Distributed.TimeoutSeconds", events.Events[0].RenderMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_do_not_pile_up()
    {
        Torch.Settle();
        var counts = new List<long>();
        using var log = new LoggerConfiguration().WriteTo.Sink(new LogAction(e =>
        {
            if (RunEvent.KindOf(e) == RunEvent.Sample) counts.Add(Tensor.TotalCount);
        })).CreateLogger();
        TinyRun.Train(config with { Generation = config.Generation with { EverySteps = 1 }, Training = config.Training with { Steps = 12 }, Validation = new() { EverySteps = 0 }, Checkpoint = new() { EverySteps = 100 } }, log: log);
        // What was left over from the beginning may go; a leak would add some at every step.
        Assert.True(counts[^1] <= counts[4], string.Join(' ', counts));
    }

    [Fact]
    public void Without_prompts_or_steps_there_is_no_file()
    {
        var off = config with { Generation = config.Generation with { EverySteps = 0 } };
        TinyRun.Train(off);
        Assert.False(File.Exists(RunFolder.Of(off.Run).GeneratedFile));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("0123456789012345678901234567890123456789012345", 47)]
    public void A_prompt_of_any_length_that_leaves_room_is_taken(string prompt, int tokens)
    {
        var one = config with { Generation = config.Generation with { Prompts = [prompt] } };
        using var data = TrainingData.Open(one);
        Assert.Equal(tokens, data.Tokenizer.EncodeFromStart(prompt, TestContext.Current.CancellationToken).Count);
        Assert.Null(one.Generation.ProblemWith(data.Tokenizer, one.Model));
        TinyRun.Train(one);
        Assert.Equal([0, 3, 6, 8], Written(one).Select(text => text.Step));
    }

    [Fact]
    public void A_prompt_that_leaves_no_room_is_named()
    {
        using var data = TrainingData.Open(config);
        var (key, message) = (config.Generation with { Prompts = ["fits", new string('x', 47)] }).ProblemWith(data.Tokenizer, config.Model)!.Value;
        Assert.Equal(("Generation.Prompts[1]", "is 48 tokens long; it must be 1 to 47, which is Model.MaxSeqLen less one."), (key, message));
    }

    [Fact]
    public void What_is_shown_is_one_line_that_does_nothing_to_a_terminal()
    {
        Assert.Equal("a\\nb → \\u001b[2J\\tc", new GeneratedText(1, "a\nb", "\e[2J\tc").Shown);
        Assert.Equal(121, new GeneratedText(1, "a", new string('b', 500)).Shown.Length);
    }

    private static IReadOnlyList<GeneratedText> Written(TrainConfig config) => GeneratedText.Read(RunFolder.Of(config.Run).GeneratedFile);

    private static string Property(LogEvent logEvent, string name) => (string)((ScalarValue)logEvent.Properties[name]).Value!;

    // By passes over the whole text, without a cache.
    private static string MostProbable(Transformer model, string prompt, int count)
    {
        using var scope = NewDisposeScope();
        List<long> tokens = [256, .. Encoding.UTF8.GetBytes(prompt).Select(b => (long)b)];
        int first = tokens.Count;
        while (tokens.Count < first + count && tokens[^1] != 257) tokens.Add(model.call(tensor(tokens.ToArray()).unsqueeze(0), null)[0, -1].argmax().item<long>());
        return Encoding.UTF8.GetString([.. tokens[first..].Where(token => token < 256).Select(token => (byte)token)]);
    }
}
