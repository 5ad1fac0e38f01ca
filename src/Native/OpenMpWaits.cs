using System.Runtime.InteropServices;

namespace SparkTrain.Native;

/// <summary>How long threads of libtorch's OpenMP runtime spin before they sleep.</summary>
internal static partial class OpenMpWaits
{
    // The default is about 300,000 rounds. Where another program takes a core, that steals the time its partner needs: with one busy neighbour on two cores,
    // training steps took 1.4 times as long. On a quiet machine the short wait cost nothing measurable.
    private const string SpinRounds = "1000";

    /// <summary>Makes waiting threads give up their core soon, unless the user has set a policy. Must run before libtorch is loaded, because libgomp reads its settings then.</summary>
    public static void Shorten()
    {
        const int KeepTheUsers = 0;
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is not null) return;
        if (SetVariable("GOMP_SPINCOUNT", SpinRounds, KeepTheUsers) != 0)
            throw new EnvironmentException("libc", "setenv failed", "room for one more environment variable", "start with a smaller environment");
    }

    // .NET's own environment is a copy that native libraries do not see.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
