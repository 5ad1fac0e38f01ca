using System.Globalization;
using SparkTrain.Input;

namespace SparkTrain.Distributed;

/// <summary>The file system that memory shared between processes lies in.</summary>
internal static class SharedMemory
{
    /// <summary>What to do where it is too small.</summary>
    public const string Remedy = "enlarge it: in a container --shm-size or a memory volume, elsewhere mount -o remount,size=…";

    private const string Folder = "/dev/shm";

    // For the MPI library's own segments and for what is lost to whole pages.
    private const long Reserve = 32 << 20;

    /// <summary>Free bytes; 0 where there is no such file system.</summary>
    public static long FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(Folder).AvailableFreeSpace;
            }
            catch (Exception e) when (IoFailure.Is(e))
            {
                return 0;
            }
        }
    }

    /// <summary>True where a run can take the memory that it needs.</summary>
    public static bool HasRoom(long needed, long free) => free - Reserve >= needed;

    /// <summary>Says what is missing.</summary>
    public static string Shortage(long needed, long free) =>
        string.Create(CultureInfo.InvariantCulture, $"{Folder} has {free / 1e6:N0} MB free, its ranks need {(needed + Reserve) / 1e6:N0} MB");
}
