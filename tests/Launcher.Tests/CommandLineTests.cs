using System.CommandLine;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("trian --config x.json", "error: there is no verb 'trian'.")]
    [InlineData("dcotor", "error: there is no verb 'dcotor'. Did you mean doctor?")]
    [InlineData("config shw", "error: config has no verb 'shw'. Did you mean show?")]
    [InlineData("config show --confg x", "error: config show has no option '--confg'. Did you mean --config?")]
    [InlineData("config show", "error: Option '--config' is required.")]
    [InlineData("config explain", "error: Required argument 'KEY' missing")]
    [InlineData("config explain Model.Dmodle", "error: Model.Dmodle: no such key. Did you mean Model.DModel?")]
    [InlineData("config explain @x", "error: @x: no such key. config reference lists all keys.")]
    [InlineData("config check --config spark-tny.json", "error: spark-tny.json: no such configuration file in the working directory or beside Launcher.dll. Did you mean spark-tiny.json?")]
    [InlineData("config check --config spark-tiny.json --set Model.DModle=3", "error: --set: 1 problem\n  Model.DModle  unknown key. Did you mean DModel?\n")]
    [InlineData("config reference --update nowhere.md", "error: nowhere.md: no such file;")]
    [InlineData("inspect", "error: Required argument 'DIR' missing")]
    [InlineData("export runs --dtype f8 --output x", "error: Argument 'f8' not recognized.")]
    [InlineData("generate --model m --prompt a --input b", "error: --prompt and --input exclude each other; give one of them.")]
    [InlineData("generate --model m --batch 2", "error: --batch is for JSON lines of prompts; give them by --input FILE.")]
    [InlineData("generate --model m --input b --batch 0", "error: --batch: it is 0.\n  expected: 1 or more\n")]
    [InlineData("generate --model m --top-p 1.5", "error: --top-p: it is 1.5.\n  expected: more than 0 and at most 1\n")]
    [InlineData("generate --model m --max-tokens -1", "error: --max-tokens: it is -1.\n  expected: 1 or more\n")]
    [InlineData("generate --model m --stop \"\"", "error: --stop: it is empty.\n")]
    [InlineData("generate --model m --threads -1", "error: --threads is -1; it must be 0 or more, and at most ")]
    [InlineData("generate --model m --threads 100000", "error: --threads is 100000; it must be 0 or more, and at most ")]
    [InlineData("generate --model m --repetition-penalty 1e-40", "error: --repetition-penalty: it is 1E-40.\n  expected: from 0.01 to 100\n")]
    [InlineData("generate --model m --engine gpu", "error: Argument 'gpu' not recognized.")]
    [InlineData("generate --model m --engine torch --weights bf16", "error: --weights: the engine is torch, which has no such option.\n  expected: --engine sparse with it\n")]
    [InlineData("generate --model m --engine torch --screen 8", "error: --screen: the engine is torch, which has no such option.\n")]
    [InlineData("generate --model m --screen -1", "error: --screen: it is -1.\n  expected: 0 (all logits exactly) or more\n")]
    [InlineData("generate --model m --weights f16", "error: Argument 'f16' not recognized.")]
    [InlineData("score --model m --input i --output o --cache f32", "error: --cache: the engine is torch, which has no such option.\n")]
    [InlineData("score --model m --input i --output o --int8-predictor", "error: --int8-predictor: the engine is torch, which has no such option.\n")]
    [InlineData("score --model m --input i --output o --engine sparse --screen 8", "error: score has no option '--screen'.")]
    [InlineData("prepare text.jsonl --output data --tokeniser byte", "error: prepare: there is no option --tokeniser; perhaps --tokenizer is meant.\n  expected: options of prepare, then what to read\n")]
    [InlineData("prepare text.jsonl --output data --validation-fraction 1.5", "error: prepare: The field ValidationFraction must be between 0 and 0.5.\n  expected: options within their ranges\n")]
    public void A_wrong_command_ends_with_2_and_a_hint_on_standard_error(string arguments, string error)
    {
        var run = LauncherProcess.Run(arguments);
        Assert.Equal(ExitCodes.Configuration, run.ExitCode);
        Assert.StartsWith(error, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Out);
    }

    [Fact]
    public void Help_shows_every_verb_and_three_examples()
    {
        var run = LauncherProcess.Run("--help");
        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.Equal("", run.Error);
        Assert.Equal(3, run.Out.Split('\n').Count(line => line.Contains("dotnet Launcher.dll", StringComparison.Ordinal)));
        var terminal = new Terminal(_ => null, isOutputRedirected: true, TextWriter.Null, TextWriter.Null);
        Assert.All(CommandLine.Groups(terminal).SelectMany(group => group.Commands), command =>
        {
            Assert.Contains($"\n  {command.Name} ", run.Out, StringComparison.Ordinal);
            Assert.NotEmpty(command.Description!);
        });
        Assert.Equal(run.Out, LauncherProcess.Run("").Out);
    }

    [Fact]
    public void Each_verb_explains_itself()
    {
        var run = LauncherProcess.Run("config show --help");
        Assert.Equal(ExitCodes.Done, run.ExitCode);
        Assert.Contains("dotnet Launcher.dll config show [options]", run.Out, StringComparison.Ordinal);
        Assert.Contains("--set <A.B=v>", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_is_a_version() => Assert.Matches(@"^\d+\.\d+\.\d+", LauncherProcess.Run("--version").Out);

    [Theory]
    [InlineData(new[] { "--config", "a.json" }, new[] { "train", "--config", "a.json" })]
    [InlineData(new[] { "train", "--config", "a.json" }, new[] { "train", "--config", "a.json" })]
    [InlineData(new[] { "plan" }, new[] { "plan" })]
    [InlineData(new[] { "--help" }, new[] { "--help" })]
    [InlineData(new[] { "--version" }, new[] { "--version" })]
    [InlineData(new string[0], new[] { "--help" })]
    public void Options_without_a_verb_train(string[] arguments, string[] expected) => Assert.Equal(expected, CommandLine.WithVerb(arguments));

    [Fact]
    public void Keys_and_shipped_files_are_completed()
    {
        Assert.Contains("Model.Ffn.Active=", LauncherProcess.Run("\"[suggest:18]\" \"config show --set Model.Ffn.A\"").Out, StringComparison.Ordinal);
        Assert.Contains("spark-tiny.json", LauncherProcess.Run("\"[suggest:21]\" \"config show --config \"").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config show --config spark-tiny.json")]
    [InlineData("doctor")]
    public void Commands_that_need_no_tensors_load_no_libtorch(string arguments)
    {
        // glibc's loader writes every library that it opens to this file.
        var log = Path.Combine(Path.GetTempPath(), $"launcher-{Guid.NewGuid():N}");
        LauncherProcess.Run(arguments, ("LD_DEBUG", "files"), ("LD_DEBUG_OUTPUT", log));
        var logs = Directory.GetFiles(Path.GetDirectoryName(log)!, Path.GetFileName(log) + "*");
        var opened = string.Concat(logs.Select(File.ReadAllText));
        foreach (var file in logs) File.Delete(file);
        Assert.Contains("libcoreclr.so", opened, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"file=\S*(libtorch|LibTorchSharp)", opened);
    }
}
