using TorchSharp;
using static TorchSharp.torch;

namespace SparkTrain.Native;

/// <summary>What training must know of the device that its tensors live on.</summary>
public static class DeviceMemory
{
    /// <summary>True where the processor reads and writes the device's tensors at their address.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Nothing is known of the device.</exception>
    public static bool IsHost(Device device) => device.type switch
    {
        DeviceType.CPU => true,
        DeviceType.CUDA => false,
        _ => throw new ArgumentOutOfRangeException(nameof(device), device.type, "CPU or CUDA"),
    };

    /// <summary>Waits until the device has done all that it was given. The processor itself never has anything left.</summary>
    public static void Synchronize(Device device)
    {
        if (!IsHost(device)) cuda.synchronize();
    }

    /// <summary>Returns the GPU of a rank: each of a host has its own, in the order of the ranks.</summary>
    /// <param name="localRank">The rank's index among those of its host.</param>
    /// <exception cref="EnvironmentException">The host has fewer.</exception>
    public static Device Cuda(int localRank)
    {
        int count = cuda.is_available() ? cuda.device_count() : 0;
        if (count == 0) throw new EnvironmentException("Training.Device", "it is Cuda, and libtorch found no CUDA device", "an NVIDIA GPU and a build with CUDA", "build with `dotnet build -p:Torch=cuda` on a machine with a GPU, or set Training.Device to Cpu");
        return localRank < count ? device(DeviceType.CUDA, localRank)
            : throw new EnvironmentException("Training.Device", $"it is Cuda, and this is rank {localRank + 1} of its machine, which has {count} CUDA devices", "a GPU for every rank", "start as many ranks on a machine as it has GPUs");
    }
}
