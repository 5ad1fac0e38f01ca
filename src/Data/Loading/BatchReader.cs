namespace SparkTrain.Data;

/// <summary>Reads samples of a split into batches.</summary>
internal sealed class BatchReader
{
    private readonly TokenSplit split;
    private readonly int columns, eosToken;
    private readonly bool maskDocuments;
    private readonly int[] byteLengths;

    public BatchReader(TokenSplit split, int seqLen, bool maskDocuments)
    {
        (this.split, this.maskDocuments, columns, eosToken) = (split, maskDocuments, seqLen + 1, split.Dataset.Tokenizer.EosToken);
        byteLengths = [.. Enumerable.Range(0, split.Dataset.Tokenizer.VocabSize).Select(split.Dataset.Tokenizer.ByteLength)];
    }

    /// <summary>Reads <paramref name="rows"/> samples; <paramref name="sampleAt"/> maps global indices to places in the split.</summary>
    public TokenBatch Read(long firstSample, int rows, Func<long, long> sampleAt)
    {
        var tokens = new int[rows * columns];
        var documentIds = new int[tokens.Length];
        var targetBytes = 0L;
        for (var row = 0; row < rows; row++)
        {
            var row_T = tokens.AsSpan(row * columns, columns);
            split.Read(sampleAt(firstSample + row) * (columns - 1), row_T);
            var documents_T = documentIds.AsSpan(row * columns, columns);
            if (maskDocuments) CountDocuments(row_T, documents_T);
            for (var t = 1; t < columns; t++)
                if (documents_T[t] == documents_T[t - 1]) targetBytes += byteLengths[row_T[t]];
        }
        return new TokenBatch { Rows = rows, Columns = columns, Tokens = tokens, DocumentIds = documentIds, FirstSample = firstSample,
            TargetBytes = targetBytes };
    }

    private void CountDocuments(ReadOnlySpan<int> tokens, Span<int> documentIds)
    {
        var document = 0;
        for (var t = 0; t < tokens.Length; t++)
        {
            documentIds[t] = document;
            if (tokens[t] == eosToken) document++;
        }
    }
}
