namespace SparkTrain.Trainer;

/// <summary>The first place where two runs differ in an aspect.</summary>
/// <param name="Step">The step.</param>
/// <param name="What">What differs there.</param>
/// <param name="Expected">What the run has that was not interrupted.</param>
/// <param name="Found">What the other one has.</param>
public sealed record RunDifference(long Step, string What, string Expected, string Found);

/// <summary>Whether two runs agree in an aspect.</summary>
/// <param name="Aspect">One word.</param>
/// <param name="Compared">How many values were compared.</param>
/// <param name="Difference">The first difference; null where there is none.</param>
public sealed record RunAgreement(string Aspect, long Compared, RunDifference? Difference);
