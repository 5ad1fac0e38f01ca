namespace SparkTrain.Launcher.Doctor;

/// <summary>How a check ended.</summary>
internal enum Verdict
{
    Ok,

    /// <summary>Training works, but slower, or without something.</summary>
    Warn,

    /// <summary>Training needs it, and it is missing.</summary>
    Fail,
}

/// <summary>What one check found.</summary>
/// <param name="Verdict">How it ended.</param>
/// <param name="Subject">What was looked at.</param>
/// <param name="Found">What is there.</param>
/// <param name="Advice">What to do, or null.</param>
internal sealed record Finding(Verdict Verdict, string Subject, string Found, string? Advice = null);
