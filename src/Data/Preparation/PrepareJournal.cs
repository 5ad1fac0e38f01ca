using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using SparkTrain.Input;

namespace SparkTrain.Data;

/// <summary>What a journal belongs to.</summary>
/// <param name="Version">Format of the journal and of the unfinished folder beside it.</param>
/// <param name="Options">Hash of everything that decides the shards but the files that are read.</param>
/// <param name="Tokenizer">Hash of the tokenizer, which lies in the unfinished folder.</param>
internal sealed record JournalHead(int Version, string Options, string Tokenizer);

/// <summary>Shards that were finished at one document, of both splits.</summary>
/// <param name="Inputs">Hash of the files up to the one where <paramref name="Next"/> lies.</param>
/// <param name="Next">The place in the inputs after that document.</param>
/// <param name="Skipped">Documents that were left out up to there.</param>
/// <param name="Moved">The hash of the document that is for validation although it lies on the training side.</param>
/// <param name="Train">Shards of the training split.</param>
/// <param name="Validation">Shards of the validation split.</param>
internal sealed record FinishedShards(
    string Inputs, InputPosition Next, SkippedDocuments Skipped, ulong? Moved, IReadOnlyList<ShardManifest> Train, IReadOnlyList<ShardManifest> Validation)
{
    [JsonIgnore]
    public IEnumerable<ShardManifest> Shards => Train.Concat(Validation);

    /// <summary>False for what no run has written: null stands where a shard should, a shard lies elsewhere, or the place is before the inputs.</summary>
    [JsonIgnore]
    public bool IsSound => Next is { File: >= 0, Records: >= 0 } && Shards.All(shard => shard is { IsInFolder: true });
}

/// <summary>
/// Remembers which shards of an unfinished data set are finished: a file of one JSON object a line, the head first. A line counts once it is whole, and it is written
/// after the shards that it names are on the disk.
/// </summary>
internal sealed class PrepareJournal : IDisposable
{
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Compact = new(IndentedJson.Options) { WriteIndented = false };

    private readonly FileStream file;
    private readonly List<FinishedShards> finished;

    private PrepareJournal(FileStream file, List<FinishedShards> finished) => (this.file, this.finished) = (file, finished);

    /// <summary>All that is finished, in the order of the inputs.</summary>
    public IReadOnlyList<FinishedShards> Finished => finished;

    /// <summary>Begins a journal. Everything that <paramref name="head"/> speaks of must be on the disk.</summary>
    public static PrepareJournal Begin(string path, JournalHead head)
    {
        var journal = new PrepareJournal(new FileStream(path, FileMode.Create, FileAccess.Write), []);
        journal.WriteLine(head);
        return journal;
    }

    /// <summary>
    /// Opens the journal of a run that was interrupted, with as many of its whole lines as <paramref name="countGood"/> says; the others are gone. Returns null where there
    /// is none or its head is another one than <paramref name="isOurs"/> accepts.
    /// </summary>
    public static PrepareJournal? TryGoOn(string path, Func<JournalHead, bool> isOurs, Func<IReadOnlyList<FinishedShards>, int> countGood)
    {
        if (!File.Exists(path)) return null;
        var text = File.ReadAllBytes(path);
        var at = 0;
        if (!TryReadLine<JournalHead>(text, ref at, out var head) || !isOurs(head)) return null;
        var (finished, ends) = (new List<FinishedShards>(), new List<int> { at });
        while (TryReadLine<FinishedShards>(text, ref at, out var line) && line.IsSound)
        {
            finished.Add(line);
            ends.Add(at);
        }
        var good = countGood(finished);
        var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        file.SetLength(ends[good]);
        file.Seek(0, SeekOrigin.End);
        return new PrepareJournal(file, finished[..good]);
    }

    public void Append(FinishedShards shards)
    {
        WriteLine(shards);
        finished.Add(shards);
    }

    public void Dispose() => file.Dispose();

    private void WriteLine<T>(T line)
    {
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, Compact), (byte)'\n']);
        file.Flush(flushToDisk: true);
    }

    private static bool TryReadLine<T>(ReadOnlySpan<byte> text, ref int at, [NotNullWhen(true)] out T? line)
    {
        line = default;
        var length = text[at..].IndexOf((byte)'\n');
        if (length < 0) return false;
        try
        {
            line = JsonSerializer.Deserialize<T>(text.Slice(at, length), Compact);
        }
        catch (JsonException)
        {
            return false;
        }
        at += length + 1;
        return line is not null;
    }
}
