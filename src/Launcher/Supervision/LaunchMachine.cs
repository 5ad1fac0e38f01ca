using System.Runtime.InteropServices;

namespace SparkTrain.Launcher.Supervision;

/// <summary>What the options of mpiexec depend on.</summary>
/// <param name="IsRoot">True for the superuser, whom Open MPI refuses unless told otherwise.</param>
/// <param name="ReadsOtherProcesses">False where a container forbids the call by which Open MPI copies from one rank's memory to another's.</param>
internal sealed partial record LaunchMachine(bool IsRoot, bool ReadsOtherProcesses)
{
    /// <summary>Looks at this machine.</summary>
    public static unsafe LaunchMachine Look()
    {
        byte from = 1, to = 0;
        var (source, target) = (new IoVector { Base = (nint)(&from), Length = 1 }, new IoVector { Base = (nint)(&to), Length = 1 });
        // A filter of system calls forbids this one whoever is asked for; a process may always read itself otherwise.
        bool reads = ReadProcess(Environment.ProcessId, &target, 1, &source, 1, 0) == 1;
        return new(EffectiveUser() == 0, reads);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "process_vm_readv")]
    private static unsafe partial nint ReadProcess(int process, IoVector* local, ulong locals, IoVector* remote, ulong remotes, ulong flags);

    private struct IoVector
    {
        public nint Base;
        public nint Length;
    }
}
