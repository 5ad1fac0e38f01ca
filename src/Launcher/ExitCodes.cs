using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher;

/// <summary>What the process tells its caller; schedulers and scripts rely on these numbers.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>An error nobody foresaw: a bug, shown with its stack.</summary>
    public const int Bug = 1;
    public const int Configuration = 2;
    public const int Data = 3;

    /// <summary>A checkpoint or model file.</summary>
    public const int Model = 4;

    /// <summary>A missing native library, MPI, or memory; a rank that is lost or makes the others wait too long.</summary>
    public const int Environment = 5;
    public const int Guard = 16;

    /// <summary>Saved and left on SIGTERM or SIGINT: a scheduler may start the same command again (EX_TEMPFAIL).</summary>
    public const int SavedAndLeft = 75;

    /// <summary>The exceptions that speak to the user, one line for each room's.</summary>
    private static readonly (Type Exception, int Code)[] Meanings =
    [
        (typeof(ConfigurationException), Configuration),
        (typeof(DataException), Data),
        (typeof(ModelFormatException), Model),
        (typeof(CheckpointException), Model),
        (typeof(EnvironmentException), Environment),
        (typeof(DistributedException), Environment),
        (typeof(GuardException), Guard),
        (typeof(OperationCanceledException), SavedAndLeft),
    ];

    /// <summary>Returns the exit code of an exception; <see cref="Bug"/> for one that is not meant for the user.</summary>
    public static int Of(Exception exception)
    {
        foreach (var (type, code) in Meanings)
            if (type.IsInstanceOfType(exception))
                return code;
        return Bug;
    }
}
