namespace SparkTrain.Model;

/// <summary>What each position must predict.</summary>
public static class NextTokenTargets
{
    // Shapes: B batch, T position.

    /// <summary>
    /// Returns [B, T]: the next token of each position, and <see cref="ComposedCrossEntropy.Ignored"/> at the last position and where the next token
    /// belongs to another document.
    /// </summary>
    public static Tensor Of(Tensor tokens_BT, Tensor? documentIds_BT)
    {
        using var scope = NewDisposeScope();
        var targets_BT = full_like(tokens_BT, ComposedCrossEntropy.Ignored);
        var next = tokens_BT[.., 1..];
        if (documentIds_BT is not null)
            next = next.masked_fill(documentIds_BT[.., 1..].ne(documentIds_BT[.., ..^1]), ComposedCrossEntropy.Ignored);
        targets_BT[.., ..^1] = next;
        return targets_BT.MoveToOuterDisposeScope();
    }
}
