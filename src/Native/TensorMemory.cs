using System.Runtime.InteropServices;
using TorchSharp;

namespace SparkTrain.Native;

/// <summary>Reaches a CPU tensor's memory from managed kernels.</summary>
public static unsafe partial class TensorMemory
{
    /// <summary>Returns the address of the first element of a contiguous CPU tensor; valid while the tensor lives.</summary>
    /// <exception cref="ArgumentException">The tensor is not contiguous, or not on the CPU.</exception>
    public static void* Pointer(torch.Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException($"a contiguous CPU tensor is needed; this one is {tensor}");
        return (void*)THSTensor_data(tensor.Handle);
    }

    /// <summary>The memory of a contiguous float32 CPU tensor.</summary>
    public static float* Float32(torch.Tensor tensor) =>
        tensor.dtype == torch.ScalarType.Float32 ? (float*)Pointer(tensor) : throw new ArgumentException($"float32 is needed, not {tensor.dtype}");

    /// <summary>Returns a float32 CPU tensor over memory that somebody else owns and keeps for longer than the tensor and all its views live.</summary>
    public static torch.Tensor Over(float* memory, params ReadOnlySpan<long> shape)
    {
        const int Cpu = 0, AnyIndex = -1;
        fixed (long* sizes = shape)
        {
            nint handle = THSTensor_new((nint)memory, &KeepMemory, sizes, shape.Length, (sbyte)torch.ScalarType.Float32, (sbyte)torch.ScalarType.Float32, Cpu, AnyIndex, 0);
            if (handle == 0) torch.CheckForErrors();
            return torch.Tensor.UnsafeCreateTensor(handle);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void KeepMemory(void* memory) { }

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_new(nint memory, delegate* unmanaged[Cdecl]<void*, void> deleter, long* sizes, int dimensions, sbyte type, sbyte dtype, int device, int deviceIndex, byte requiresGrad);
}
