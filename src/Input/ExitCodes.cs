namespace SparkTrain.Input;

/// <summary>What a process tells its caller; schedulers and scripts rely on these numbers.</summary>
public static class ExitCodes
{
    /// <summary>All is done.</summary>
    public const int Done = 0;

    /// <summary>An error nobody foresaw: a bug, shown with its stack.</summary>
    public const int Bug = 1;

    /// <summary>The command line, a configuration file, an environment variable.</summary>
    public const int Configuration = 2;

    /// <summary>Texts, datasets, tokenizers.</summary>
    public const int Data = 3;

    /// <summary>A checkpoint or model file.</summary>
    public const int Model = 4;

    /// <summary>A missing native library, MPI, or memory; a rank that is lost or makes the others wait too long.</summary>
    public const int Environment = 5;

    /// <summary>A guard stopped the training.</summary>
    public const int Guard = 16;

    /// <summary>Saved and left on SIGTERM or SIGINT: a scheduler may start the same command again (EX_TEMPFAIL).</summary>
    public const int SavedAndLeft = 75;

    /// <summary>Returns the exit code of an exception; <see cref="Bug"/> for one that is not meant for the user.</summary>
    public static int Of(Exception exception) => exception switch
    {
        UserException foreseen => foreseen.ExitCode,
        OperationCanceledException => SavedAndLeft,
        _ => Bug,
    };
}
