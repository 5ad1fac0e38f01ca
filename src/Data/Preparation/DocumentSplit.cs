namespace SparkTrain.Data;

/// <summary>
/// Decides by its hash whether a document is for validation. Equal documents always fall on the same side, so repeated text never leaks
/// into validation.
/// </summary>
internal readonly struct DocumentSplit(double validationFraction)
{
    private readonly ulong limit = (ulong)(validationFraction * ulong.MaxValue);

    public bool HasValidation => limit > 0;

    public bool IsValidation(ulong contentHash) => contentHash < limit;
}
