using SparkTrain.Launcher.Verification;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests.Verification;

public sealed class ResumeReportTests
{
    private static readonly Trial Same = new(1, 1, IsKilled: false, ComparesBits: true), Other = new(1, 2, IsKilled: false, ComparesBits: true), ReadOnly = Other with { ComparesBits = false };

    [Fact]
    public void Agreement_is_a_table_and_a_sentence()
    {
        var (isEqual, text) = Write((Same, [new("samples", 20, null), new("validation", 0, null)]));
        Assert.True(isEqual);
        Assert.Equal("\n                          samples  validation\n1 rank, stopped, resumed       ok           -\n\nEqual to the last bit.\n", text);
        Assert.EndsWith("\nEqual in all that was compared.\n", Write((Same, [new("samples", 20, null)]), (ReadOnly, [new("samples", 20, null)])).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_difference_is_told_with_both_values_and_the_tensor()
    {
        var (isEqual, text) = Write(
            (Same, [new("samples", 20, null), new("losses", 20, null), new("weights", 20, null), new("tensors", 1, null)]),
            (Other, [new("samples", 20, null), new("losses", 14, new(14, "the loss", "2.5", "2.25")), new("weights", 13, new(13, "the hash of the weights", "ab", "cd")), new("tensors", 1, new(20, "v, element 7", "1", "2"))]));
        Assert.False(isEqual);
        Assert.Equal("""

                                                 samples     losses    weights    tensors
            1 rank, stopped, resumed                  ok         ok         ok         ok
            1 rank, stopped, resumed on 2 ranks       ok  DIFFERENT  DIFFERENT  DIFFERENT

            1 rank, stopped, resumed on 2 ranks: the first difference:
              step 13: the hash of the weights
                unbroken  ab
                resumed   cd
              step 20: v, element 7
                unbroken  1
                resumed   2

            """.ReplaceLineEndings("\n"), text);
    }

    [Fact]
    public void A_difference_before_the_resumed_part_is_not_the_resumes()
    {
        const string Sentence = "  The resumed part begins later: the run differs from itself already when it is not interrupted.\n";
        Assert.EndsWith(Sentence, Write((Same, [new("losses", 10, new(10, "the loss", "1", "2"))])).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Sentence, Write((Same, [new("losses", 11, new(11, "the loss", "1", "2"))])).Text, StringComparison.Ordinal);
    }

    // Stopped after step 12, and resumed from the checkpoint of step 10.
    private static (bool IsEqual, string Text) Write(params (Trial Trial, IReadOnlyList<RunAgreement> Agreements)[] results)
    {
        var output = new StringWriter { NewLine = "\n" };
        return (ResumeReport.Write([.. results.Select(result => new TrialResult(result.Trial, 12, 10, result.Agreements))], output), output.ToString());
    }
}
