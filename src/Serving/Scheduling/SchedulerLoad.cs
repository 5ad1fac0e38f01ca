namespace SparkTrain.Serving;

/// <summary>What a scheduler holds at a moment.</summary>
/// <param name="Waiting">Prompts that wait.</param>
/// <param name="Active">Continuations that have a place.</param>
/// <param name="HeldTokens">Tokens whose keys and values are in memory.</param>
/// <param name="ReservedTokens">Tokens for whose keys and values room is kept.</param>
/// <param name="CacheBytes">Memory that is kept for them.</param>
public sealed record SchedulerLoad(int Waiting, int Active, long HeldTokens, long ReservedTokens, long CacheBytes)
{
    /// <summary>Nothing at all.</summary>
    public static SchedulerLoad None { get; } = new(0, 0, 0, 0, 0);
}
