using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Distributed;

/// <summary>What the kernel says about a process.</summary>
internal enum ProcessState
{
    /// <summary>Not known: no /proc here, or the process is in a container of its own.</summary>
    Unknown,

    /// <summary>It lives.</summary>
    Alive,

    /// <summary>It lives, but was stopped by a signal or a debugger.</summary>
    Stopped,

    /// <summary>It has ended.</summary>
    Gone,
}

/// <summary>A process of this host. The time of its start tells it from a later one with the same number.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Start">When it was started, in the kernel's clock ticks.</param>
internal readonly record struct ProcessIdentity(int Id, long Start)
{
    /// <summary>This process.</summary>
    public static ProcessIdentity OfThisProcess() => new(Environment.ProcessId, Read(Environment.ProcessId)?.Start ?? 0);

    /// <summary>Asks /proc for the process.</summary>
    public ProcessState State() => (Start, Read(Id)) switch
    {
        (0, _) => ProcessState.Unknown,
        (_, null) => ProcessState.Gone,
        var (start, found) when found.Value.Start != start || found.Value.State is 'Z' or 'X' => ProcessState.Gone,
        var (_, found) => found.Value.State is 'T' or 't' ? ProcessState.Stopped : ProcessState.Alive,
    };

    // Fields 3 and 22 of proc_pid_stat(5); the name before them may hold anything, but no field after it a parenthesis.
    private static (char State, long Start)? Read(int id)
    {
        try
        {
            string line = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            return null;
        }
    }
}
