using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>
/// The files that prepare reads. Names, sizes and times stand for their content, since hashing it all would cost as much as preparing; so a file that changes while it is
/// read is an error.
/// </summary>
internal sealed class InputFiles
{
    /// <summary>A batch of this size is worth a task.</summary>
    public const int DefaultBatchBytes = 1 << 20;

    // Counted for every record, so that empty ones do not fill the memory.
    private const int RecordBytes = 64;

    private readonly List<(IDocumentSource Source, string Path, long Length, DateTime Time)> files = [];

    public InputFiles(IEnumerable<IDocumentSource> sources)
    {
        foreach (var source in sources)
            foreach (var path in source.Files) files.Add((source, path, Stat(path).Length, Stat(path).LastWriteTimeUtc));
    }

    /// <summary>
    /// Returns a hash for each file: of <paramref name="options"/> and of all files up to it. What was made of these files stays good as long as it stays the same.
    /// </summary>
    public IReadOnlyList<string> Hashes(string options)
    {
        var hashes = new List<string>(files.Count);
        foreach (var (source, path, length, time) in files)
        {
            options = Hash(string.Create(CultureInfo.InvariantCulture, $"{options}\n{source.GetType().Name} {Path.GetFullPath(path)} {length} {time.Ticks}"));
            hashes.Add(options);
        }
        return hashes;
    }

    /// <summary>Returns the path of a file by its number.</summary>
    public string this[int file] => files[file].Path;

    /// <summary>Returns files and documents by kind, in the order of the files.</summary>
    /// <param name="documents">Documents by number of the file.</param>
    public IReadOnlyList<KindTally> Tally(IReadOnlyDictionary<int, long> documents) =>
        [.. files.Index().GroupBy(f => f.Item.Source.KindOf(f.Item.Path)).Select(kind => new KindTally(kind.Key, kind.Count(), kind.Sum(f => documents.GetValueOrDefault(f.Index))))];

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Reads all records behind <paramref name="start"/>, in batches. Throws <see cref="DataException"/> for a file that cannot be read or has changed.</summary>
    public IEnumerable<RecordBatch> Read(InputPosition start, int batchBytes = DefaultBatchBytes)
    {
        long total = Math.Max(1, files.Sum(f => f.Length)), done = files.Take(start.File).Sum(f => f.Length);
        var (batch, size) = (new List<(SourceRecord, InputPosition)>(), 0L);
        for (var file = start.File; file < files.Count; file++)
        {
            var position = new InputPosition(file, file == start.File ? start.Records : 0);
            foreach (var record in ReadFile(file, position.Records))
            {
                position = position with { Records = position.Records + 1 };
                batch.Add((record, position));
                if ((size += record.Size + RecordBytes) < batchBytes) continue;
                yield return new RecordBatch(batch, (double)done / total);
                (batch, size) = ([], 0);
            }
            done += files[file].Length;
        }
        yield return new RecordBatch(batch, 1);
    }

    private IEnumerable<SourceRecord> ReadFile(int file, long skip)
    {
        var (source, path, length, time) = files[file];
        IEnumerator<SourceRecord>? records = null;
        try
        {
            while (Guard(path, () => (records ??= source.ReadFile(path, skip).GetEnumerator()).MoveNext())) yield return records!.Current;
        }
        finally
        {
            records?.Dispose();
        }
        var now = Stat(path);
        if (now.Length != length || now.LastWriteTimeUtc != time)
            throw new DataException(path, "it changed while it was read", string.Create(CultureInfo.InvariantCulture, $"{length} bytes, written {time:u}, as when prepare began"),
                "wait until nobody writes to it, then run the same command again");
    }

    private static FileInfo Stat(string path) => Guard(path, () =>
    {
        var file = new FileInfo(path);
        return file.Exists ? file : throw new FileNotFoundException("it is gone");
    });

    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            throw new DataException(path, $"it cannot be read ({e.Reason()})", "a file that is there, and stays, while prepare runs", "restore it, or correct --source", e);
        }
    }
}
