namespace SparkTrain.Data;

/// <summary>A place in the inputs of prepare.</summary>
/// <param name="File">Number of the file, counted from 0 over all sources.</param>
/// <param name="Records">Records of that file that lie before the place.</param>
internal readonly record struct InputPosition(int File, long Records);

/// <summary>Records that are decoded together.</summary>
/// <param name="Records">The records, each with the place after it.</param>
/// <param name="Read">Share of the bytes of all files that had been read then, file by file.</param>
internal sealed record RecordBatch(IReadOnlyList<(SourceRecord Record, InputPosition Next)> Records, double Read);
