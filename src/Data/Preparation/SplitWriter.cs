namespace SparkTrain.Data;

/// <summary>
/// Sends documents to the training or the validation shards. Where only a few documents are given, their hashes may all lie on the training
/// side; then the one with the smallest hash is for validation, so that two documents are enough for both.
/// </summary>
internal sealed class SplitWriter(string folder, DocumentSplit split, long shardTokens) : IDisposable
{
    private readonly ShardWriter train = new(folder, DatasetLayout.TrainSplit, shardTokens);
    private readonly ShardWriter validation = new(folder, DatasetLayout.ValidationSplit, shardTokens);
    private (ReadOnlyMemory<int> Tokens, long TextBytes, ulong Hash)? smallest;

    public long Tokens => train.Tokens + validation.Tokens + (smallest?.Tokens.Length ?? 0);

    public void Append((ReadOnlyMemory<int> Tokens, long TextBytes, ulong Hash) document)
    {
        if (split.IsValidation(document.Hash))
        {
            Write(validation, document);
            ReleaseSmallest(train);
        }
        else if (!split.HasValidation || validation.Tokens > 0 || smallest is { } held && held.Hash <= document.Hash)
            Write(train, document);
        else
        {
            ReleaseSmallest(train);
            smallest = document;
        }
    }

    public (SplitManifest Train, SplitManifest Validation) Finish()
    {
        ReleaseSmallest(train.Tokens > 0 && validation.Tokens == 0 ? validation : train);
        return (train.Finish(), validation.Finish());
    }

    public void Dispose()
    {
        train.Dispose();
        validation.Dispose();
    }

    private void ReleaseSmallest(ShardWriter to)
    {
        if (smallest is { } document) Write(to, document);
        smallest = null;
    }

    private static void Write(ShardWriter to, (ReadOnlyMemory<int> Tokens, long TextBytes, ulong Hash) document) =>
        to.Append(document.Tokens.Span, document.TextBytes);
}
