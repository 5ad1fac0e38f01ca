namespace SparkTrain.Distributed;

/// <summary>Reports, on every rank alike, that a rank failed.</summary>
public sealed class RankFailureException : Exception
{
    /// <summary>Takes the failure over.</summary>
    /// <param name="failure">What failed where.</param>
    /// <param name="inner">The exception itself, on the rank that failed.</param>
    public RankFailureException(RankFailure failure, Exception? inner = null) : base(failure.Message, inner) => Failure = failure;

    /// <summary>What failed, and on which rank.</summary>
    public RankFailure Failure { get; }
}
