using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SparkTrain.Input;

namespace SparkTrain.Launcher;

/// <summary>What the process may print and how: plain lines unless a person watches one process.</summary>
internal sealed class Terminal
{
    /// <summary>Set for each rank by Open MPI, by MPICH and its relatives, and by Slurm.</summary>
    private static readonly string[] RankVariables = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"];

    private readonly StickyLines? below;

    /// <summary>Looks at the environment.</summary>
    /// <param name="variable">Reads a variable.</param>
    /// <param name="isOutputRedirected">True where standard output is no terminal.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="size">Columns and rows; the console's where not given.</param>
    public Terminal(Func<string, string?> variable, bool isOutputRedirected, TextWriter output, TextWriter error, Func<(int Columns, int Rows)>? size = null)
    {
        var rank = RankVariables.Select(variable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        Rank = int.TryParse(rank, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        // mpiexec gives every rank a pseudo-terminal, even when its own output goes to a file.
        IsLive = rank is null && !isOutputRedirected && variable("TERM") is not (null or "" or "dumb");
        UsesColor = IsLive && string.IsNullOrEmpty(variable("NO_COLOR"));
        below = IsLive ? new(output, size ?? (() => (Console.WindowWidth, Console.WindowHeight))) : null;
        Exact = below?.Above(output) ?? output;
        (Out, Error) = (new VisibleWriter(Exact), new VisibleWriter(below?.Above(error) ?? error));
    }

    /// <summary>Standard output; control and format characters are spelled out.</summary>
    public TextWriter Out { get; }

    /// <summary>Standard output as it is: for escape codes of our own, and for texts that are piped into a program.</summary>
    public TextWriter Exact { get; }

    /// <summary>Standard error; control and format characters are spelled out.</summary>
    public TextWriter Error { get; }

    /// <summary>This process's rank as its launcher gave it, 0 when alone.</summary>
    public int Rank { get; }

    /// <summary>True where tables may be redrawn: a person watches, and no launcher mixes the output of ranks.</summary>
    public bool IsLive { get; }

    /// <summary>True where ANSI colours are welcome (see no-color.org).</summary>
    public bool UsesColor { get; }

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfThisProcess()
    {
        var isRedirected = Console.IsOutputRedirected;
        var isRank = RankVariables.Any(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));
        // .NET's console greets a terminal with escape codes at the first write. Under mpiexec every rank has one, and its codes end up in the job's log.
        var (output, error) = isRank && !isRedirected
            ? (Unannounced(1) ?? Console.OpenStandardOutput(), Unannounced(2) ?? Console.OpenStandardError())
            : (Console.OpenStandardOutput(), Console.OpenStandardError());
        return new(Environment.GetEnvironmentVariable, isRedirected, Writer(output), Writer(error));
    }

    // A signal's answer and the watch over the ranks come from threads of their own.
    private static TextWriter Writer(Stream stream) => TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });

    /// <summary>Opens a descriptor past .NET's console; null for a file, where ranks that share it would overwrite each other.</summary>
    private static FileStream? Unannounced(int descriptor)
    {
        var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? null : stream;
    }

    /// <summary>Shows lines that stay below everything else, in place of those shown before; nothing where nobody watches. While they are there, only whole lines are to be written.</summary>
    public void ShowBelow(IReadOnlyList<string> lines) => below?.Show([.. lines.Select(Visible.Of)]);

    /// <summary>Writes a line that begins with a word in a colour, where colours are welcome.</summary>
    public void WriteLine(string word, AnsiColor color, string rest = "")
    {
        string shown = Visible.Of(word);
        Exact.WriteLine((UsesColor ? $"\e[{(int)color}m{shown}\e[0m" : shown) + Visible.Of(rest));
    }
}

/// <summary>Foreground colours by their ANSI numbers.</summary>
internal enum AnsiColor
{
    Red = 31,
    Green = 32,
    Yellow = 33,
}
