using System.Text;

namespace SparkTrain.Distributed.Mpi;

/// <summary>MPI between its initialisation and its end: once in the life of a process.</summary>
public sealed unsafe class MpiEnvironment : IDisposable
{
    // MPI_MAX_PROCESSOR_NAME is 256 in Open MPI and 128 in MPICH.
    private const int LongestProcessorName = 256;

    private readonly MpiLibrary mpi;

    /// <summary>Initialises MPI.</summary>
    /// <param name="library">The library to use.</param>
    /// <param name="threading">Which threads will call it; what the library grants is in <see cref="Threading"/>.</param>
    /// <exception cref="MpiException">It cannot be initialised.</exception>
    public MpiEnvironment(MpiLibrary library, Threading threading = Threading.Multiple)
    {
        mpi = library;
        int provided = 0;
        mpi.Check(mpi.Functions.Init_thread(null, null, (int)threading, &provided), "Init_thread");
        Threading = (Threading)provided;
        World = new(mpi, mpi.Constants.CommWorld, owned: false);
        Self = new(mpi, mpi.Constants.CommSelf, owned: false);
    }

    /// <summary>All ranks.</summary>
    public Intracommunicator World { get; }

    /// <summary>This rank alone.</summary>
    public Intracommunicator Self { get; }

    /// <summary>Which threads may call MPI.</summary>
    public Threading Threading { get; }

    /// <summary>This host's name, as MPI has it.</summary>
    public string ProcessorName
    {
        get
        {
            byte* name = stackalloc byte[LongestProcessorName];
            int length = 0;
            mpi.Check(mpi.Functions.Get_processor_name(name, &length));
            return Encoding.UTF8.GetString(name, length);
        }
    }

    /// <summary>True once MPI has been initialised in this process, by whomever.</summary>
    public bool Initialized
    {
        get
        {
            int flag = 0;
            mpi.Check(mpi.Functions.Initialized(&flag));
            return flag != 0;
        }
    }

    /// <summary>True once MPI has been ended.</summary>
    public bool Finalized
    {
        get
        {
            int flag = 0;
            mpi.Check(mpi.Functions.Finalized(&flag));
            return flag != 0;
        }
    }

    /// <summary>Ends all ranks at once. Libraries end this process inside the call.</summary>
    public void Abort(int exitCode) => mpi.Functions.Abort(mpi.Constants.CommWorld, exitCode);

    /// <summary>Ends MPI; all ranks do so, on the thread that initialised it.</summary>
    public void Dispose()
    {
        if (!Finalized) mpi.Check(mpi.Functions.Finalize(), "Finalize");
    }
}
