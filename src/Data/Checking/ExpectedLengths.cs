using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>The lengths that are written beside a shard, one after another. What is wrong with their file is told once; then nothing is expected.</summary>
internal sealed class ExpectedLengths : IDisposable
{
    private readonly int[] values = new int[ColumnFormat.RowGroupValues];
    private readonly ShardManifest shard;
    private readonly SplitTally tally;
    private ColumnReader? reader;
    private int group, count, at;

    public ExpectedLengths(string folder, ShardManifest shard, SplitTally tally)
    {
        (this.shard, this.tally) = (shard, tally);
        if (shard.Lengths is not { } file) tally.NotChecked.Add($"{Path.Combine(folder, shard.File)}: the lengths of its documents, which an older version did not write");
        else Try(() => reader = ColumnReader.Open(folder, file, ColumnFormat.Lengths, shard.Documents));
    }

    /// <summary>Returns the next length; null where it is not known.</summary>
    public int? Next()
    {
        if (at == count && reader is not null && (long)group * ColumnFormat.RowGroupValues < shard.Documents)
            Try(() => (count, at) = (reader.ReadRowGroup(group++, values, (int)Math.Min(int.MaxValue, shard.Tokens + 1)), 0));
        return reader is not null && at < count ? values[at++] : null;
    }

    public void Dispose() => reader?.Dispose();

    private void Try(Action read)
    {
        try
        {
            read();
        }
        catch (DataException e)
        {
            tally.Problems.Add(DataProblem.Damage(e));
            reader?.Dispose();
            reader = null;
        }
    }
}
