namespace SparkTrain.Generation;

/// <summary>Why a sequence was not continued any further.</summary>
public enum FinishReason
{
    /// <summary>Whoever reads the tokens asked for no more.</summary>
    Stop,

    /// <summary>The token that ends a document came.</summary>
    Eos,

    /// <summary>As many tokens as asked for, or as the model takes, are there.</summary>
    Length,
}
