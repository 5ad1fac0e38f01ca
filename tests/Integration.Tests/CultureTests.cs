using System.Text.Json;
using System.Text.RegularExpressions;

namespace SparkTrain.Integration.Tests;

/// <summary>Whatever culture the environment asks for, programs read and write the same bytes; German has commas, Arabic and Persian other digits and minus signs, Turkish another i.</summary>
public sealed partial class CultureTests(CultureTests.Expected expected) : IClassFixture<CultureTests.Expected>
{
    private const string Invariant = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", WithoutLibrary = "Couldn't find a valid ICU package";

    // What cultures have to do with: numbers in texts, tables, schemas, errors and defaults, read and written.
    private static readonly string[][] Commands =
    [
        ["plan", "--config", "tiny.json", "--set", "Training.GlobalBatchTokens=2560000"],
        ["config", "reference"],
        ["config", "schema"],
        ["config", "show", "tiny.json"],
        ["config", "check", "tiny.json", "--set", "LrSchedule.Lr=0,5", "--set", "Training.GlobalBatchTokens=12345", "--set", "Model.Ffn.Active=-7"],
        ["data", "show", "data"],
        ["inspect", "runs/tiny"],
        ["inspect", "runs/tiny", "--json"],
        ["runs", "ls", "runs"],
        ["runs", "show", "runs/tiny", "--format", "json"],
        ["runs", "diff", "runs/tiny", "runs/other"],
        ["generate", "--model", "runs/tiny", "--prompt", "the ", "--max-tokens", "5", "--temperature", "0.5", "--seed", "3"],
        ["generate", "--model", "runs/tiny", "--prompt", "the ", "--temperature", "-1"],
        ["evaluate", "--run", "runs/tiny"],
        ["score", "--model", "runs/tiny", "--input", "documents.jsonl"],
        ["prepare", "documents.jsonl", "--output", "more", "--validation-fraction", "1.5"],
        ["upcycle", "--help"],
        ["--config", "tiny.json", "--set", "Training.Steps=3"],
    ];

    public static TheoryData<string, string?> Environments => new()
    {
        { "de_DE.UTF-8", "0" }, { "ar_SA.UTF-8", "0" }, { "fa_IR.UTF-8", "0" }, { "sv_SE.UTF-8", "0" }, { "tr_TR.UTF-8", "0" }, { "de_DE.UTF-8", "1" }, { "fa_IR.UTF-8", null },
    };

    [Theory, MemberData(nameof(Environments))]
    public void Programs_say_the_same(string language, string? invariant)
    {
        (string, string)[] environment = [("LC_ALL", language), ("LANG", language), .. invariant is null ? Array.Empty<(string, string)>() : [(Invariant, invariant)]];
        foreach (string[] command in Commands)
        {
            var said = expected.Run(command, environment);
            Assert.False(said.Error.Contains(WithoutLibrary, StringComparison.Ordinal), $"{Invariant}=0 ends every .NET program where ICU is missing. Run scripts/install-icu.sh (test.sh does), then the tests again.");
            Assert.Equal(expected.Of(command), said);
        }
        Assert.Equal(expected.TrainedWith([]), expected.TrainedWith(environment));
    }

    // Two languages have a decimal comma; for English it would divide thousands, and make 5 of it.
    [Theory]
    [InlineData("0,5")]
    [InlineData("1,000")]
    [InlineData("٠٫٥")]
    [InlineData("−1")]
    [InlineData("NaN")]
    [InlineData("1e999")]
    public void A_number_of_another_culture_is_refused(string number)
    {
        var refused = expected.Run(["generate", "--model", "runs/tiny", "--prompt", "the ", "--temperature", number]);
        Assert.Equal((2, $"error: --temperature is '{number}'; it must be a number such as 0.5.\ndotnet Launcher.dll generate --help shows what there is.\n"), (refused.ExitCode, refused.Error));
    }

    /// <summary>What the programs say where nothing asks for a culture.</summary>
    public sealed partial class Expected : IDisposable
    {
        // What a run logs of a step that is the same in every run.
        private static readonly string[] Same = ["step", "tokens", "loss", "lr", "grad_norm"];

        private readonly Workplace work = new();
        private readonly Dictionary<string[], Outcome> said = [];
        private int runs;

        public Expected()
        {
            foreach (string name in (string[])["tiny", "other"]) Assert.Equal(0, Train("runs", name, []).ExitCode);
            foreach (string[] command in Commands) said[command] = Run(command);
        }

        internal Outcome Of(string[] command) => said[command];

        internal Outcome Run(string[] command, params (string, string)[] environment)
        {
            var run = Cli.Program(work.Folder, "dotnet", [Cli.Launcher, .. command], environment);
            return new(run.ExitCode, WithoutTimes(run.Out), WithoutTimes(run.Error));
        }

        /// <summary>Trains, and returns what was printed and logged; the log must be JSON.</summary>
        internal string TrainedWith((string, string)[] environment)
        {
            string name = $"run{runs++}";
            var run = Train("trained", name, environment);
            Assert.True(run.ExitCode == 0, run.Error);
            foreach (string line in File.ReadLines(work[$"trained/{name}/log/events.jsonl"])) JsonDocument.Parse(line).Dispose();
            var steps = File.ReadLines(work[$"trained/{name}/metrics.jsonl"]).Select(line =>
            {
                using var step = JsonDocument.Parse(line);
                return string.Join(' ', Same.Select(key => step.RootElement.GetProperty(key).GetRawText()));
            });
            return WithoutTimes(string.Join('\n', [run.Out, run.Error, .. steps])).Replace(name, "NAME", StringComparison.Ordinal);
        }

        public void Dispose() => work.Dispose();

        private Outcome Train(string folder, string name, (string, string)[] environment) =>
            Cli.Program(work.Folder, "dotnet", [Cli.Launcher, "--config", "tiny.json", "--set", $"Run.Folder={folder}", "--set", $"Run.Name={name}", "--set", "Training.Steps=4", "--set", "LrSchedule.WarmupSteps=1"], environment);

        // Measured numbers are no two times the same. In their place stands the unit; another alphabet's digits, or its comma, would stay.
        private static string WithoutTimes(string text) => Measured().Replace(text, "");

        [GeneratedRegex(@"(?<=written \(UTC\)) +(?=age)|(?<=\d\d:\d\d:\d\d) +(?:now|\d+ (?:s|min|h|d))\b| *\b(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?(?= (?:tok(?:ens)?/s|tokens/s|s|ms|GB|MB/s|%)(?!\w))|(?<=eta )[\dhms]+|(?:tokens a second|MFU)  .*|(?<=in )[\dms]+(?=;)|""(?:\w*_)?(?:seconds|second|mfu|fraction|bytes|at|ended|started|logged)"": ?[^,}\n]+")]
        private static partial Regex Measured();
    }
}
