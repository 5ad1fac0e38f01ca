using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using SparkTrain.Input;

namespace SparkTrain.Launcher;

/// <summary>The help of the program as a whole: what it is, three commands to copy, the verbs in groups. A verb's own help is the library's.</summary>
internal sealed class FirstScreen(IReadOnlyList<CommandGroup> groups, HelpAction verbHelp) : SynchronousCommandLineAction
{
    private static readonly (string Command, string Meaning)[] Examples =
    [
        ($"{CommandLine.Invocation} doctor", "see whether this machine has what training needs"),
        ($"{CommandLine.Invocation} --config spark-tiny.json", "train a small model on text that this machine has"),
        ($"{CommandLine.Invocation} plan --config spark-2b.json", "see what the paper's 2B model takes"),
    ];

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not RootCommand) return verbHelp.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("SparkTrain pretrains Spark Transformers: language models that use 8 % of their FFN neurons and at most 256 keys per query.");
        output.WriteLine();
        Write(output, Examples);
        foreach (var group in groups)
        {
            output.WriteLine();
            output.WriteLine(group.Title);
            Write(output, group.Commands.Select(command => (command.Name, command.Description ?? "")));
        }
        output.WriteLine();
        output.WriteLine($"Without a verb: {CommandLine.DefaultVerb}.  VERB --help explains a verb, --version prints the version.");
        output.WriteLine("Exit codes: 0 done, 2 configuration, 3 data, 4 checkpoint or model file, 5 environment, 16 stopped by a guard,");
        output.WriteLine("            75 saved and left on a signal, 1 a bug.");
        return ExitCodes.Done;
    }

    private static void Write(TextWriter output, IEnumerable<(string Name, string Meaning)> rows)
    {
        var all = rows.ToList();
        var width = all.Max(row => row.Name.Length);
        foreach (var (name, meaning) in all) output.WriteLine($"  {name.PadRight(width)}  {meaning}");
    }
}
