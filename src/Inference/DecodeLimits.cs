namespace SparkTrain.Inference;

/// <summary>Sizes that the engine is built for.</summary>
internal static class DecodeLimits
{
    /// <summary>Tokens that pass through the layers together: as many as a 64-bit mask holds, and as the sums of a piece of an FFN fit into the second-level cache for.</summary>
    public const int MaxRows = 64;

    /// <summary>Pieces that an FFN is cut into. Each has its own sums, which are added in one order, so that the number of threads changes no bit.</summary>
    public const int FfnPieces = 16;

    /// <summary>Pieces that an FFN is scored in, each with its own statistics: a multiple of the others.</summary>
    public const int FfnScorePieces = 4 * FfnPieces;

    /// <summary>Room behind a row of activations for reading whole groups of columns.</summary>
    public const int RowMargin = 32;

    /// <summary>Rounds up to whole groups of 32.</summary>
    public static int Padded(int count) => (count + 31) & ~31;
}
