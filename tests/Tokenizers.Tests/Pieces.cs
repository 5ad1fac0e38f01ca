using CsCheck;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>Pieces of generated texts.</summary>
internal static class Pieces
{
    public static Gen<string> AnyOf(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);
}
