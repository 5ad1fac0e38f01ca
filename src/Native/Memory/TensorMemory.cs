using System.Runtime.InteropServices;
using TorchSharp;

namespace SparkTrain.Native;

/// <summary>
/// Addresses of CPU tensors for managed kernels. An address does not keep its tensor alive for the garbage collector, so whoever uses addresses holds one of
/// these: every tensor whose address it gave out lives until it is disposed.
/// </summary>
public sealed unsafe partial class TensorMemory : IDisposable
{
    private readonly List<torch.Tensor> held = [];

    /// <summary>Returns the address of the first element of a contiguous CPU tensor; valid until this is disposed.</summary>
    /// <exception cref="ArgumentException">The tensor is not contiguous, or not on the CPU.</exception>
    public void* Pointer(torch.Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException($"a contiguous CPU tensor is needed; this one is {tensor}");
        held.Add(tensor);
        return (void*)THSTensor_data(tensor.Handle);
    }

    /// <summary>Returns the address of a contiguous float32 CPU tensor; valid until this is disposed.</summary>
    /// <exception cref="ArgumentException">The tensor is not float32, not contiguous, or not on the CPU.</exception>
    public float* Float32(torch.Tensor tensor) =>
        tensor.dtype == torch.ScalarType.Float32 ? (float*)Pointer(tensor) : throw new ArgumentException($"float32 is needed, not {tensor.dtype}");

    /// <summary>Lets go of the tensors.</summary>
    public void Dispose() => held.Clear();

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
