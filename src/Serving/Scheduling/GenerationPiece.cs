using SparkTrain.Generation;

namespace SparkTrain.Serving;

/// <summary>What one step, or several, added to one continuation of a job.</summary>
/// <param name="Choice">Its number in the job: those of the first prompt, then those of the second, and so on.</param>
/// <param name="Text">The text that has become certain, possibly none.</param>
/// <param name="LogProbs">Of the tokens whose text has become certain, where the request asks for them.</param>
/// <param name="Tokens">Tokens of the continuation so far: the end token and those of a stop string too.</param>
/// <param name="Finish">Why it ended; null while it goes on.</param>
public sealed record GenerationPiece(int Choice, string Text, IReadOnlyList<TokenLogProb> LogProbs, int Tokens, FinishReason? Finish);
