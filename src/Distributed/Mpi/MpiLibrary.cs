using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace SparkTrain.Distributed.Mpi;

/// <summary>An MPI library that has been loaded: its functions, and the constants of its flavour.</summary>
public sealed unsafe class MpiLibrary
{
    // MPI_MAX_LIBRARY_VERSION_STRING of MPICH is the longest text of either flavour.
    private const int LongestText = 8192;

    internal readonly MpiFunctions Functions;

    private MpiLibrary(nint handle, MpiFlavour flavour)
    {
        Flavour = flavour;
        Functions = MpiFunctions.From(handle);
        Constants = MpiConstants.Of(flavour, handle);
    }

    /// <summary>The binary interface.</summary>
    public MpiFlavour Flavour { get; }

    /// <summary>The library's name and version, such as "Open MPI v4.1.4" or "MPICH 4.0.2".</summary>
    public string Version
    {
        get
        {
            byte* text = stackalloc byte[LongestText];
            int length = 0;
            Functions.Get_library_version(text, &length);
            // "Open MPI v4.1.4, package: …", or "MPICH Version:      4.0.2" and lines about its build.
            string first = Encoding.UTF8.GetString(text, length).Split('\n', ',')[0].TrimEnd('\0', '\r');
            return string.Join(' ', first.Replace("Version:", " ", StringComparison.Ordinal).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
        }
    }

    internal MpiConstants Constants { get; }

    /// <summary>Loads a library by path or by a name that the system's loader finds.</summary>
    /// <exception cref="DllNotFoundException">It cannot be loaded.</exception>
    /// <exception cref="EntryPointNotFoundException">It is not an MPI-3 library.</exception>
    public static MpiLibrary Load(string nameOrPath)
    {
        nint handle = NativeLibrary.Load(nameOrPath);
        return new(handle, FlavourOf(handle));
    }

    /// <summary>Loads the first of some libraries that exists and has the flavour; null where none does.</summary>
    internal static MpiLibrary? FirstOf(MpiFlavour flavour, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out nint handle)) continue;
            if (FlavourOf(handle) == flavour) return new(handle, flavour);
            NativeLibrary.Free(handle);
        }
        return null;
    }

    internal void Check(int code, [CallerMemberName] string call = "")
    {
        if (code != 0) throw Error(code, call);
    }

    /// <summary>Returns the handle of an element type and how many of them a <typeparamref name="T"/> has: types unknown to MPI travel as bytes.</summary>
    internal (nint Type, int PerElement) TypeOf<T>() where T : unmanaged =>
        Constants.Types.TryGetValue(typeof(T), out nint type) ? (type, 1) : (Constants.Types[typeof(byte)], sizeof(T));

    internal Status StatusOf(byte* status, nint type, int perElement)
    {
        int count = 0;
        Check(Functions.Get_count(status, type, &count), "Status");
        int* source = (int*)(status + Constants.StatusSourceOffset);
        return new(source[0], source[1], count / perElement);
    }

    // Open MPI's handles are addresses of exported symbols, so that they cannot be missing.
    private static MpiFlavour FlavourOf(nint handle) => NativeLibrary.TryGetExport(handle, "ompi_mpi_comm_world", out _) ? MpiFlavour.OpenMpi : MpiFlavour.Mpich;

    private MpiException Error(int code, string call)
    {
        int errorClass = 0, length = 0;
        byte* text = stackalloc byte[LongestText];
        Functions.Error_class(code, &errorClass);
        Functions.Error_string(code, text, &length);
        return new(call, errorClass, Encoding.UTF8.GetString(text, length).TrimEnd('\0', '\n'));
    }
}
