using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>What a look at everything in a data set has found.</summary>
/// <param name="Folder">The data set.</param>
/// <param name="Tokenizer">The tokenizer that made it; null where it could not be opened.</param>
/// <param name="Splits">Its splits; empty where it could not be opened.</param>
/// <param name="Problems">All that is wrong or strange, in the order of the files.</param>
/// <param name="NotChecked">What could not be looked at, and why.</param>
public sealed record DatasetReport(string Folder, TokenizerIdentity? Tokenizer, IReadOnlyList<SplitReport> Splits, IReadOnlyList<DataProblem> Problems, IReadOnlyList<string> NotChecked)
{
    /// <summary>True where a file is missing or not as it was written.</summary>
    public bool IsDamaged => Problems.Any(problem => problem.IsDamage);
}

/// <summary>What a split holds; of a damaged one, what of it could be read.</summary>
/// <param name="Name"><c>train</c> or <c>validation</c>.</param>
/// <param name="Shards">Files of tokens.</param>
/// <param name="RowGroups">Row groups that were read.</param>
/// <param name="SmallestRowGroup">Tokens of the smallest of them.</param>
/// <param name="LargestRowGroup">Tokens of the largest of them.</param>
/// <param name="Tokens">Tokens that were read.</param>
/// <param name="Documents">Documents that were read.</param>
/// <param name="TextBytes">UTF-8 bytes that the tokens stand for.</param>
/// <param name="Shortest">Tokens of the shortest document.</param>
/// <param name="Median">Tokens of the document in the middle.</param>
/// <param name="Longest">Tokens of the longest document.</param>
/// <param name="Empty">Documents without text.</param>
/// <param name="Copies">Documents that are a copy of an earlier one of the split; null where nobody looked.</param>
public sealed record SplitReport(string Name, int Shards, long RowGroups, int SmallestRowGroup, int LargestRowGroup, long Tokens, long Documents, long TextBytes, long Shortest, long Median, long Longest,
    long Empty, long? Copies);

/// <summary>Something wrong or strange.</summary>
/// <param name="Where">File, and row group or document where there is one.</param>
/// <param name="Found">What was found.</param>
/// <param name="Do">What to do about it.</param>
/// <param name="IsDamage">True where the data are not as they were written; false for a warning.</param>
public sealed record DataProblem(string Where, string Found, string Do, bool IsDamage)
{
    internal static DataProblem Damage(DataException e) => new(e.Where, e.Found, e.Do, IsDamage: true);

    internal static DataProblem Damage(string where, string found) => new(where, found, ColumnReader.Restore, IsDamage: true);

    internal static DataProblem Warning(string where, string found, string @do) => new(where, found, @do, IsDamage: false);
}

/// <summary>Documents that two splits have in common.</summary>
/// <param name="Folder">The data set of the one that was read later.</param>
/// <param name="Split">Its split.</param>
/// <param name="OtherFolder">The data set of the other.</param>
/// <param name="OtherSplit">Its split.</param>
/// <param name="Documents">How many they are.</param>
/// <param name="First">The number of the first of them in <paramref name="Split"/>.</param>
public sealed record SplitOverlap(string Folder, string Split, string OtherFolder, string OtherSplit, long Documents, long First)
{
    /// <summary>True where one is trained on and the other validated on.</summary>
    public bool IsLeak => Split != OtherSplit;
}
