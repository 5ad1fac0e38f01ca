using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SparkTrain.Bench;

/// <summary>A running training job: one process, or the ranks of mpiexec. All of its processes have the working folder, which is nobody else's; so they are found whatever their parents are.</summary>
internal sealed partial class KillableJob : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string folder;
    private readonly int ranks;
    private readonly Process process;
    private readonly StringBuilder said = new();
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly TaskCompletionSource<TimeSpan> firstStep = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource firstSave = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public KillableJob(string folder, int ranks, string[] command)
    {
        (this.folder, this.ranks) = (folder, ranks);
        // A session of its own: an mpiexec that loses a rank which has only just begun signals its own process group.
        var info = new ProcessStartInfo("setsid", command) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // What a killed MPI leaves behind goes with the folder.
        string scratch = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName;
        foreach (string name in (string[])["TMPDIR", "OMPI_MCA_orte_tmpdir_base", "OMPI_MCA_btl_vader_backing_directory", "OMPI_MCA_osc_sm_backing_directory"]) info.Environment[name] = scratch;
        process = new() { StartInfo = info };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The newest step that the program said it has saved.</summary>
    public long? NewestSaved { get; private set; }

    /// <summary>True where it has made a step.</summary>
    public bool HasStepped => firstStep.Task.IsCompleted;

    /// <summary>All that it said.</summary>
    public string Said
    {
        get
        {
            lock (said) return said.ToString();
        }
    }

    /// <summary>Waits until the first step is made, or all is over. Returns the time it took; null where the program ended without one.</summary>
    public TimeSpan? WaitForStep()
    {
        Task.WaitAny([firstStep.Task, process.WaitForExitAsync()], Limit);
        return firstStep.Task.IsCompleted ? firstStep.Task.Result : null;
    }

    /// <summary>Waits until it says that it has saved a step, or all is over.</summary>
    public void WaitForSave() => Task.WaitAny([firstSave.Task, process.WaitForExitAsync()], Limit);

    /// <summary>Waits for the end; returns the exit code.</summary>
    /// <exception cref="TimeoutException">It does not end.</exception>
    public int Finish()
    {
        RequireEnd(process.WaitForExit(Limit));
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Ends processes by SIGKILL and waits until none is left: all of them, or one rank, whose loss must end the others.</summary>
    /// <param name="rank">The rank, or null for all; all too where it has not begun.</param>
    /// <returns>False where the job had ended before.</returns>
    /// <exception cref="TimeoutException">The other ranks go on.</exception>
    public bool Kill(int? rank)
    {
        bool isKilled = rank is not null && Processes().Where(each => each.Rank == rank).Select(each => Kill(each.Process)).ToList().Contains(true);
        bool isOne = isKilled;
        RequireEnd(SpinWait.SpinUntil(() =>
        {
            var left = Processes();
            // mpiexec may just have started another one.
            if (!isOne) isKilled |= left.Select(each => Kill(each.Process)).ToList().Contains(true);
            Thread.Sleep(5);
            return process.HasExited && left.Count == 0;
        }, Limit));
        process.WaitForExit();
        return isKilled && process.ExitCode != 0;
    }

    public void Dispose()
    {
        if (!process.HasExited) _ = Kill(null);
        process.Dispose();
    }

    private static bool Kill(int process)
    {
        try
        {
            using var victim = Process.GetProcessById(process);
            victim.Kill();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private void RequireEnd(bool hasEnded)
    {
        if (!hasEnded) throw new TimeoutException($"the job did not end within {Limit}:\n{Said}");
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        lock (said) said.AppendLine(line);
        if (SavedLine().Match(line) is { Success: true } saved)
        {
            NewestSaved = long.Parse(saved.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            firstSave.TrySetResult();
        }
        if (line.Contains("| loss ", StringComparison.Ordinal)) firstStep.TrySetResult(Stopwatch.GetElapsedTime(start));
    }

    private List<(int Process, int? Rank)> Processes()
    {
        List<(int, int?)> found = [];
        foreach (string each in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (new DirectoryInfo(Path.Combine(each, "cwd")).ResolveLinkTarget(false)?.FullName != folder) continue;
                string? variable = ranks == 1 ? null : File.ReadAllText(Path.Combine(each, "environ")).Split('\0').FirstOrDefault(v => v.StartsWith("OMPI_COMM_WORLD_RANK=", StringComparison.Ordinal));
                found.Add((int.Parse(Path.GetFileName(each), CultureInfo.InvariantCulture), variable is null ? null : int.Parse(variable.AsSpan(variable.IndexOf('=', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended in the meantime.
            }
        }
        return found;
    }

    [GeneratedRegex(@"^step +(\d+)/\d+ \| saved ")]
    private static partial Regex SavedLine();
}
