using System.Globalization;

namespace SparkTrain.Integration.Tests;

/// <summary>A small disk in memory, mounted where only the programs that are started on it see it; it goes with them. Needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Workplace work;
    private readonly Started holder;

    public SmallDisk(Workplace work, string size)
    {
        this.work = work;
        Directory.CreateDirectory(Folder);
        // The shell holds the mount; nobody outside sees it.
        holder = Cli.StartProgram(work.Folder, "unshare", ["--mount", "sh", "-c", $"mount -t tmpfs -o size={size} tmpfs '{Folder}' && echo mounted && exec sleep 900"]);
        holder.WaitFor("mounted");
        Assert.False(holder.Process.HasExited, holder.Error.ToString());
    }

    /// <summary>Where programs on it see it.</summary>
    public string Folder => work["disk"];

    /// <summary>Where this process sees a file on it.</summary>
    public string Seen(string path) => $"/proc/{Holder}/root{Path.Combine(Folder, path)}";

    /// <summary>Starts ranks whose run is on it.</summary>
    public Started Train(int ranks, params string[] arguments)
    {
        string[] mpiexec = ranks == 1 ? [] : ["mpiexec", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-x", "TERM=dumb", "-n", $"{ranks}"];
        return Cli.StartProgram(work.Folder, "nsenter", [.. Enter, .. mpiexec, "dotnet", Cli.Launcher, "--config", "tiny.json", "--set", $"Run.Folder={Folder}", .. arguments]);
    }

    /// <summary>Takes all the room that is left.</summary>
    public void Fill()
    {
        using var fill = new FileStream(Seen("fill"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        // Again and again, until what the program had just been deleting is taken too.
        for (int i = 0; i < 20; i++)
        {
            while (Takes(fill)) { }
            Thread.Sleep(10);
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Seen("fill"));

    /// <summary>Lets nobody write into the folder of a run. While something in it is just being written it is busy: that ends.</summary>
    public void Lock(string run) => Run("sh", "-c", $"mount --bind '{Folder}/{run}' '{Folder}/{run}' && for i in $(seq 500); do mount -o remount,bind,ro '{Folder}/{run}' && exit 0; sleep 0.01; done; exit 1");

    /// <summary>Lets everybody write again.</summary>
    public void Unlock(string run) => Run("umount", "--lazy", $"{Folder}/{run}");

    public void Dispose()
    {
        holder.Signal("KILL");
        Cli.Finish(holder);
    }

    private static bool Takes(FileStream fill)
    {
        try
        {
            fill.Write(new byte[4096]);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string Holder => holder.Process.Id.ToString(CultureInfo.InvariantCulture);

    private string[] Enter => ["--target", Holder, "--mount", "--wd=" + work.Folder];

    private void Run(params string[] command)
    {
        var done = Cli.Program(work.Folder, "nsenter", [.. Enter, .. command]);
        Assert.True(done.ExitCode == 0, done.Error);
    }
}
