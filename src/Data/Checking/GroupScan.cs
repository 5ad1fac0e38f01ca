namespace SparkTrain.Data;

/// <summary>A row group, cut at its end tokens: the documents that lie in it whole, and what belongs to documents of the row groups before and after.</summary>
/// <param name="Tokens">Tokens in the row group.</param>
/// <param name="Head">The tokens up to the first end token; all where there is none.</param>
/// <param name="HeadEnds">True where <paramref name="Head"/> has an end token.</param>
/// <param name="Documents">The documents between the first and the last end token.</param>
/// <param name="Tail">The tokens after the last end token, which begin a document.</param>
internal sealed record GroupScan(int Tokens, int[] Head, bool HeadEnds, IReadOnlyList<DocumentFacts> Documents, int[] Tail)
{
    public static GroupScan Of(ReadOnlySpan<int> tokens, DocumentScanner scanner)
    {
        var headEnd = tokens.IndexOf(scanner.EosToken) + 1;
        if (headEnd == 0) return new(tokens.Length, tokens.ToArray(), HeadEnds: false, [], []);
        var documents = new List<DocumentFacts>();
        var rest = tokens[headEnd..];
        for (var end = rest.IndexOf(scanner.EosToken); end >= 0; end = rest.IndexOf(scanner.EosToken))
        {
            documents.Add(scanner.Scan(rest[..(end + 1)]));
            rest = rest[(end + 1)..];
        }
        return new(tokens.Length, tokens[..headEnd].ToArray(), HeadEnds: true, documents, rest.ToArray());
    }
}
