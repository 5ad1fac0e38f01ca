using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>Puts samples into batches and counts the text that their targets stand for.</summary>
internal sealed class BatchMaker
{
    private readonly int columns;
    private readonly ushort[] byteLengths;   // small, so that it stays in the processor's cache

    public BatchMaker(ITokenizer tokenizer, int columns)
    {
        this.columns = columns;
        byteLengths = [.. Enumerable.Range(0, tokenizer.VocabSize).Select(token => checked((ushort)tokenizer.ByteLength(token)))];
    }

    public delegate void SampleReader(long sample, Span<int> tokens_T, Span<int> documents_T);

    /// <summary>Makes a batch of the samples <paramref name="first"/> to <paramref name="first"/> + <paramref name="rows"/> − 1, in the arrays of <paramref name="used"/> where it is given.</summary>
    public TokenBatch Make(long first, int rows, SampleReader read, TokenBatch? used = null)
    {
        var tokens = used?.Tokens ?? GC.AllocateUninitializedArray<int>(rows * columns);
        var documents = used?.DocumentIds ?? GC.AllocateUninitializedArray<int>(tokens.Length);
        var targetBytes = 0L;
        for (var row = 0; row < rows; row++)
        {
            var tokens_T = tokens.AsSpan(row * columns, columns);
            var documents_T = documents.AsSpan(row * columns, columns);
            read(first + row, tokens_T, documents_T);
            targetBytes += BytesOfTargets(tokens_T, documents_T);
        }
        return new TokenBatch { Rows = rows, Columns = columns, Tokens = tokens, DocumentIds = documents, FirstSample = first, TargetBytes = targetBytes };
    }

    private long BytesOfTargets(ReadOnlySpan<int> tokens_T, ReadOnlySpan<int> documents_T)
    {
        var bytes = 0L;
        for (var t = 1; t < tokens_T.Length; t++)
            bytes += documents_T[t] == documents_T[t - 1] ? byteLengths[tokens_T[t]] : 0;
        return bytes;
    }
}
