namespace SparkTrain.Data;

/// <summary>
/// Sends documents to the training or the validation shards. When a shard is full both splits end theirs, so that finished shards are one stretch of the inputs. Where only
/// a few documents are given, their hashes may all lie on the training side; then the one with the smallest hash of those in the first shard is for validation, so that two
/// documents are enough for both.
/// </summary>
internal sealed class SplitWriter : IDisposable
{
    private readonly DocumentSplit split;
    private readonly ShardWriter train, validation;
    private Held? smallest;

    /// <summary>Goes on after the shards that are <paramref name="finished"/>.</summary>
    public SplitWriter(string folder, DocumentSplit split, long shardTokens, IReadOnlyList<FinishedShards> finished)
    {
        this.split = split;
        train = new ShardWriter(folder, DatasetLayout.TrainSplit, shardTokens, finished.SelectMany(f => f.Train));
        validation = new ShardWriter(folder, DatasetLayout.ValidationSplit, shardTokens, finished.SelectMany(f => f.Validation));
        Moved = finished.Count > 0 ? finished[^1].Moved : null;
    }

    /// <summary>Tokens of all documents so far.</summary>
    public long Tokens => train.Tokens + validation.Tokens + (smallest is { } held ? held.Tokens.Length * held.Copies : 0);

    /// <summary>The hash of the document that is for validation although it lies on the training side; null where there is none.</summary>
    public ulong? Moved { get; private set; }

    /// <summary>Appends a document. Where it is the last one of a shard, returns the shards that it finished; all documents so far are in finished ones then.</summary>
    public (IReadOnlyList<ShardManifest> Train, IReadOnlyList<ShardManifest> Validation)? Append(in EncodedDocument document)
    {
        var (inTrain, inValidation) = (train.Shards.Count, validation.Shards.Count);
        if (split.IsValidation(document.Hash) || document.Hash == Moved)
        {
            validation.Append(document.Tokens, document.TextBytes);
            Release(train);
        }
        else if (!split.HasValidation || validation.Tokens > 0 || smallest?.Hash < document.Hash) train.Append(document.Tokens, document.TextBytes);
        else if (smallest is { } held && held.Hash == document.Hash) smallest = held with { Copies = held.Copies + 1 };
        else
        {
            Release(train);
            smallest = new Held(document.Tokens.ToArray(), document.TextBytes, document.Hash, Copies: 1);
        }
        if (train.Shards.Count == inTrain && validation.Shards.Count == inValidation) return null;
        EndShards();
        return ([.. train.Shards.Skip(inTrain)], [.. validation.Shards.Skip(inValidation)]);
    }

    public (SplitManifest Train, SplitManifest Validation) Finish()
    {
        EndShards();
        return (train.Finish(), validation.Finish());
    }

    public void Dispose()
    {
        train.Dispose();
        validation.Dispose();
    }

    private void EndShards()
    {
        if (smallest is { } held && train.Tokens > 0 && validation.Tokens == 0)
        {
            Moved = held.Hash;
            Release(validation);
        }
        else Release(train);
        train.EndShard();
        validation.EndShard();
    }

    private void Release(ShardWriter to)
    {
        for (var copy = 0L; copy < smallest?.Copies; copy++) to.Append(smallest.Value.Tokens, smallest.Value.TextBytes);
        smallest = null;
    }

    /// <summary>The document with the smallest hash, while it is not decided where it goes. Documents of an equal hash are copies of each other.</summary>
    private readonly record struct Held(int[] Tokens, long TextBytes, ulong Hash, long Copies);
}
