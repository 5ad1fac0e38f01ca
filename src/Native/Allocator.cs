using System.Runtime.InteropServices;

namespace SparkTrain.Native;

/// <summary>Tunes glibc's allocator for tensors.</summary>
public static partial class Allocator
{
    private const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3;

    /// <summary>
    /// Keeps freed memory in the process instead of unmapping it after every operation; large activations are otherwise mapped and
    /// page-faulted anew each time, which costs several times the arithmetic. The resident size does not shrink back.
    /// Returns false where the C library is not glibc: slower, not wrong.
    /// </summary>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return (SetOption(MmapThreshold, int.MaxValue) & SetOption(TrimThreshold, int.MaxValue) & SetOption(TopPad, 256 << 20)) == 1;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
