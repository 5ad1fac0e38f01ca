using System.Reflection;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests;

public sealed class ErrorReportTests
{
    public static TheoryData<Exception, int> Foreseen => new()
    {
        { new ConfigurationException("a.json: wrong."), 2 },
        { new DataException("shard", "wrong", "right", "repair it"), 3 },
        { new ModelFormatException("model", "wrong", "right", "repair it"), 4 },
        { new CheckpointException("checkpoint", "wrong", "right", "repair it"), 4 },
        { new EnvironmentException("library", "wrong", "right", "repair it"), 5 },
        { new DistributedException("rank 1", "wrong", "right", "repair it"), 5 },
        { new GuardException("step 7", "wrong", "right", "repair it"), 16 },
    };

    [Theory]
    [MemberData(nameof(Foreseen))]
    public void A_foreseen_error_is_its_message_and_its_code(Exception exception, int code)
    {
        Assert.Equal((code, $"error: {exception.Message}\n"), Report(exception));
        Assert.Equal((code, $"error: {exception.Message}\n"), Report(new AggregateException(new TargetInvocationException(exception))));
    }

    [Fact]
    public void Anything_else_is_a_bug_and_keeps_its_stack()
    {
        var bug = Assert.Throws<InvalidOperationException>(() => new List<int>().First());
        var (code, text) = Report(bug);
        Assert.Equal(1, code);
        Assert.StartsWith("internal error: this is a bug in SparkTrain; please report it with the text below.\nSystem.InvalidOperationException: ", text, StringComparison.Ordinal);
        Assert.Contains("   at System.Linq.Enumerable.First", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_ranks_say_in_one_line_who_they_are() =>
        Assert.Equal((2, "[rank 3] error: a.json: 2 problems\n"), Report(new ConfigurationException("a.json: 2 problems\n  1:1  …"), rank: "3"));

    private static (int Code, string Text) Report(Exception exception, string? rank = null)
    {
        var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(name => name == "PMI_RANK" ? rank : null, isOutputRedirected: true, TextWriter.Null, error);
        return (ErrorReport.Write(exception, terminal), error.ToString());
    }
}
