using System.Reflection;
using System.Runtime.InteropServices;

namespace SparkTrain.Distributed.Mpi;

/// <summary>
/// The functions of an MPI library, each named as in C without the prefix MPI_. Handles are pointers in one flavour and 32-bit integers in the other;
/// declared as <see cref="nint"/> they serve both, because integers travel in registers and what a function writes through a pointer to a zeroed
/// <see cref="nint"/> reads back right (little endian). Functions on arrays of handles would not work.
/// </summary>
internal unsafe struct MpiFunctions
{
    public delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int> Init_thread;
    public delegate* unmanaged[Cdecl]<int*, int> Initialized;
    public delegate* unmanaged[Cdecl]<int*, int> Finalized;
    public delegate* unmanaged[Cdecl]<int> Finalize;
    public delegate* unmanaged[Cdecl]<nint, int, int> Abort;
    public delegate* unmanaged[Cdecl]<byte*, int*, int> Get_library_version;
    public delegate* unmanaged[Cdecl]<byte*, int*, int> Get_processor_name;
    public delegate* unmanaged[Cdecl]<int, int*, int> Error_class;
    public delegate* unmanaged[Cdecl]<int, byte*, int*, int> Error_string;

    public delegate* unmanaged[Cdecl]<nint, int*, int> Comm_rank;
    public delegate* unmanaged[Cdecl]<nint, int*, int> Comm_size;
    public delegate* unmanaged[Cdecl]<nint, nint, int> Comm_set_errhandler;
    public delegate* unmanaged[Cdecl]<nint, nint*, int> Comm_dup;
    public delegate* unmanaged[Cdecl]<nint, int, int, nint*, int> Comm_split;
    public delegate* unmanaged[Cdecl]<nint, int, int, nint, nint*, int> Comm_split_type;
    public delegate* unmanaged[Cdecl]<nint*, int> Comm_free;

    public delegate* unmanaged[Cdecl]<nint, int> Barrier;
    public delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, int> Bcast;
    public delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int> Allreduce;
    public delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, int, nint, int> Reduce;
    public delegate* unmanaged[Cdecl]<void*, void*, int, nint, nint, nint, int> Reduce_scatter_block;
    public delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, int> Allgather;
    public delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, int, nint, int> Gather;
    public delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, int, nint, int> Scatter;
    public delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, int> Alltoall;

    public delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, int> Send;
    public delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, void*, int> Recv;
    public delegate* unmanaged[Cdecl]<int, int, nint, void*, int> Probe;
    public delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> Isend;
    public delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> Irecv;
    public delegate* unmanaged[Cdecl]<nint*, void*, int> Wait;
    public delegate* unmanaged[Cdecl]<nint*, int*, void*, int> Test;
    public delegate* unmanaged[Cdecl]<void*, nint, int*, int> Get_count;

    public delegate* unmanaged[Cdecl]<nint*, int> Info_create;
    public delegate* unmanaged[Cdecl]<nint, byte*, byte*, int> Info_set;
    public delegate* unmanaged[Cdecl]<nint*, int> Info_free;
    public delegate* unmanaged[Cdecl]<nint, int, nint, nint, nint*, nint*, int> Win_allocate_shared;
    public delegate* unmanaged[Cdecl]<nint, int, nint*, int*, nint*, int> Win_shared_query;
    public delegate* unmanaged[Cdecl]<nint, nint, int> Win_set_errhandler;
    public delegate* unmanaged[Cdecl]<int, nint, int> Win_lock_all;
    public delegate* unmanaged[Cdecl]<nint, int> Win_unlock_all;
    public delegate* unmanaged[Cdecl]<nint, int> Win_sync;
    public delegate* unmanaged[Cdecl]<nint*, int> Win_free;

    /// <summary>Looks every function up.</summary>
    /// <exception cref="EntryPointNotFoundException">The library lacks one.</exception>
    public static MpiFunctions From(nint library)
    {
        MpiFunctions functions = default;
        foreach (var field in typeof(MpiFunctions).GetFields(BindingFlags.Public | BindingFlags.Instance))
            *(nint*)((byte*)&functions + Marshal.OffsetOf<MpiFunctions>(field.Name)) = NativeLibrary.GetExport(library, "MPI_" + field.Name);
        return functions;
    }
}
