using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SparkTrain.Native;

/// <summary>
/// Takes the place of libtorch's allocator for CPU tensors (c10::Allocator of libtorch 2.10): large tensors come from a <see cref="TensorArena"/>, small ones from
/// where they came before. libtorch's own asks malloc, which either maps and unmaps every large tensor anew, or keeps all in one heap that small allocations cut up
/// until it is twice as large as what is in it.
/// </summary>
public static unsafe class TensorAllocator
{
    private const long Large = 64 << 10;

    private static readonly Lock Gate = new();
    private static TensorArena? arena;
    private static AllocatorObject* original, own;

    /// <summary>Number of bytes in large tensors now, at most so far, and the bytes of memory that were ever used for them; zeros where the allocator is not in place.</summary>
    public static (long Used, long Peak, long HighWater) Usage => arena?.Usage ?? default;

    /// <summary>
    /// Puts the allocator in place, once a process; tensors that exist already keep their memory. Returns false, and leaves libtorch's own, where the library's
    /// allocator is not laid out as expected or addresses cannot be reserved: slower, not wrong.
    /// </summary>
    /// <param name="c10">The loaded libc10.so.</param>
    internal static bool Install(nint c10)
    {
        lock (Gate)
        {
            if (own != null) return true;
            if (!NativeLibrary.TryGetExport(c10, "_ZN3c1015GetCPUAllocatorEv", out nint get) || !NativeLibrary.TryGetExport(c10, "_ZN3c1015SetCPUAllocatorEPNS_9AllocatorEh", out nint set)) return false;
            original = ((delegate* unmanaged[Cdecl]<AllocatorObject*>)get)();
            if (original == null || !IsLaidOutAsExpected()) return false;
            arena = TensorArena.Reserve(2 * MachineMemory.Total());
            if (arena is null) return false;
            // Lives as long as the process: libtorch may free tensors until its very end.
            var table = (AllocatorTable*)NativeMemory.Alloc((nuint)sizeof(AllocatorTable));
            *table = *original->Table;
            table->Allocate = &Allocate;
            table->RawDeleter = &RawDeleter;
            var made = (AllocatorObject*)NativeMemory.Alloc((nuint)sizeof(AllocatorObject));
            made->Table = table;
            ((delegate* unmanaged[Cdecl]<AllocatorObject*, byte, void>)set)(made, byte.MaxValue);
            own = made;
            return true;
        }
    }

    // One small allocation of the original tells whether a DataPtr is what DataPointer says.
    private static bool IsLaidOutAsExpected()
    {
        DataPointer probe = default;
        if (original->Table->Allocate(&probe, original, 64) != &probe) return false;
        bool asExpected = probe.Data != null && probe.Context == probe.Data && probe.DeviceType == 0 && (nint)probe.Deleter == (nint)original->Table->RawDeleter(original);
        if (asExpected) probe.Deleter(probe.Context);
        return asExpected;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static DataPointer* Allocate(DataPointer* result, AllocatorObject* self, nuint bytes)
    {
        void* memory = bytes < Large ? null : arena!.Take((long)bytes);
        if (memory == null) return original->Table->Allocate(result, original, bytes);
        *result = new() { Data = memory, Deleter = &Free, Context = memory, DeviceType = 0, DeviceIndex = -1 };
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(void* memory) => arena!.Give(memory);

    // For callers that take memory without a DataPtr and give it back by this function.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static delegate* unmanaged[Cdecl]<void*, void> RawDeleter(AllocatorObject* self) => &FreeAny;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void FreeAny(void* memory)
    {
        if (arena!.Holds(memory)) arena.Give(memory);
        else original->Table->RawDeleter(original)(memory);
    }

    /// <summary>c10::Allocator: an object of virtual functions only (c10/core/Allocator.h, Itanium C++ ABI).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct AllocatorObject
    {
        public AllocatorTable* Table;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct AllocatorTable
    {
        public nint Destroy, DestroyAndDelete;
        public delegate* unmanaged[Cdecl]<DataPointer*, AllocatorObject*, nuint, DataPointer*> Allocate;
        public nint IsSimpleDataPointer;
        public delegate* unmanaged[Cdecl]<AllocatorObject*, delegate* unmanaged[Cdecl]<void*, void>> RawDeleter;
        public nint CopyData;
    }

    /// <summary>c10::DataPtr: an address, what frees it (std::unique_ptr of libstdc++ stores the deleter first), and its device.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct DataPointer
    {
        public void* Data;
        public delegate* unmanaged[Cdecl]<void*, void> Deleter;
        public void* Context;
        public sbyte DeviceType, DeviceIndex;
    }
}
