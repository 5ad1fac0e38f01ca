using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>A model as clients see it.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Decoder">Computes; used by the server alone while it runs, and disposed of by whoever made it.</param>
/// <param name="Tokenizer">Turns text into tokens and back.</param>
/// <param name="IsScreened">True where most logits are approximate: log-probabilities are not told then.</param>
public sealed record ServedModel(string Name, IForkingDecoder Decoder, ITokenizer Tokenizer, bool IsScreened = false);
