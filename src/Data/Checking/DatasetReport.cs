namespace SparkTrain.Data;

/// <summary>What a look at everything in a data set has found.</summary>
/// <param name="Folder">The data set.</param>
/// <param name="Splits">Its splits; empty where it could not be opened.</param>
/// <param name="Problems">All that is wrong or strange, in the order of the files.</param>
public sealed record DatasetReport(string Folder, IReadOnlyList<SplitReport> Splits, IReadOnlyList<DataProblem> Problems)
{
    /// <summary>True where a file is missing or not as it was written.</summary>
    public bool IsDamaged => Problems.Any(problem => problem.IsDamage);
}

/// <summary>What a split holds.</summary>
/// <param name="Name"><c>train</c> or <c>validation</c>.</param>
/// <param name="Shards">Files of tokens.</param>
/// <param name="RowGroups">Row groups in them.</param>
/// <param name="Tokens">Tokens that were read.</param>
/// <param name="Documents">Documents that were read.</param>
/// <param name="TextBytes">UTF-8 bytes that the tokens stand for.</param>
/// <param name="Shortest">Tokens of the shortest document.</param>
/// <param name="Median">Tokens of the document in the middle.</param>
/// <param name="Longest">Tokens of the longest document.</param>
/// <param name="Empty">Documents without text.</param>
/// <param name="Duplicates">Documents that are a copy of another one of the split.</param>
public sealed record SplitReport(string Name, int Shards, long RowGroups, long Tokens, long Documents, long TextBytes, int Shortest, int Median, int Longest, long Empty, long Duplicates);

/// <summary>Something wrong or strange.</summary>
/// <param name="Where">File, and row group or document where there is one.</param>
/// <param name="Found">What was found.</param>
/// <param name="IsDamage">True where the data are not as they were written; false for a warning.</param>
public sealed record DataProblem(string Where, string Found, bool IsDamage);
