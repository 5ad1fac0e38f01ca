using System.Globalization;
using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>
/// Makes a data set: documents of the sources, in order, become tokens and then shards. Memory stays bounded; decoding and tokenizing use all cores. A run that was
/// interrupted is taken up after the last shards that it finished, to the same bytes as if it had not been.
/// </summary>
public sealed class DatasetBuilder
{
    private readonly PrepareOptions options;
    private readonly IReadOnlyList<IDocumentSource> sources;
    private readonly InputFiles inputs;
    private readonly IProgress<PrepareProgress>? progress;
    private readonly int batchBytes;
    private readonly CancellationToken cancellation;
    private readonly Dictionary<int, long> documentsByFile = [];
    private string? firstInvalid;

    private DatasetBuilder(PrepareOptions options, IProgress<PrepareProgress>? progress, int batchBytes, CancellationToken cancellation)
    {
        (this.options, this.progress, this.batchBytes, this.cancellation) = (options, progress, batchBytes, cancellation);
        sources = [.. options.Sources.Select(s => DocumentSources.Open(s, options.TextField, isAlone: options.Sources.Count == 1))];
        RefuseToLeaveOut();
        inputs = new InputFiles(sources);
    }

    /// <summary>
    /// Makes the data set that <paramref name="options"/> describe, or returns at once where the folder holds it already. Throws
    /// <see cref="DataException"/> for options, sources or tokenizers that cannot be used. After an error or a cancellation finished shards, and a tokenizer that was
    /// trained, stay beside the folder for the next call with the same options; if there are none, nothing is left behind.
    /// </summary>
    public static PrepareResult Build(PrepareOptions options, IProgress<PrepareProgress>? progress = null, CancellationToken cancellation = default) =>
        Build(options, progress, InputFiles.DefaultBatchBytes, cancellation);

    /// <summary>Does the same with batches of another size; progress is reported after each.</summary>
    internal static PrepareResult Build(PrepareOptions options, IProgress<PrepareProgress>? progress, int batchBytes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        try
        {
            return new DatasetBuilder(options, progress, batchBytes, cancellation).Build();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            // What goes wrong with an input says so itself.
            var (expected, remedy) = IoFailure.Explain(e);
            throw new DataException(options.Output, $"it cannot be written ({e.Reason()})", expected, $"choose another --output, or {remedy}; the same command goes on after the shards that are finished", e);
        }
    }

    private static void Check(PrepareOptions options)
    {
        if (options.Problems() is [_, ..] problems) throw new DataException("prepare", string.Join(" ", problems).TrimEnd('.'), "options within their ranges", "correct the options");
    }

    private PrepareResult Build()
    {
        var known = FindTokenizer(out var vocabSize);
        var optionsHash = HashOptions(known);
        var hashes = inputs.Hashes(optionsHash);
        using var output = OutputFolder.Claim(options.Output);
        if (ReadPresent() is { } present && present.Inputs == hashes[^1] && IsComplete(present))
            return new PrepareResult(present, WasUpToDate: true);

        // A trained tokenizer depends on every file; where it was given, shards do on those that lie before them only.
        var seen = options.Deduplicate ? new DocumentSet() : null;
        var unfinished = new UnfinishedDataset(output, known is null ? hashes[^1] : optionsHash, hashes, seen);
        if (!unfinished.TryGoOn()) unfinished.Begin(known ?? TokenizerTraining.Train(vocabSize, inputs, options, progress, cancellation));
        using var journal = unfinished.Journal;
        output.IsKept = known is null || journal.Finished.Count > 0;
        var manifest = Tokenize(unfinished.Tokenizer, output, journal, hashes, seen) with { Inputs = hashes[^1] };
        manifest.Write(output.Temporary);
        output.Publish();
        return new PrepareResult(manifest, WasUpToDate: false) { Read = inputs.Tally(documentsByFile), LeftOut = LeftOut(), FirstInvalid = firstInvalid };
    }

    private LeftOutTally[] LeftOut() =>
        [.. sources.SelectMany(s => s.LeftOut).GroupBy(f => f.Why).Select(group => new LeftOutTally(group.Key, group.Count(), group.First().File))];

    private void RefuseToLeaveOut()
    {
        LeftOutFile[] text = [.. sources.SelectMany(s => s.LeftOut).Where(f => f.LooksLikeText)];
        if (options.LeaveOut || text.Length == 0) return;
        var reasons = text.GroupBy(f => f.Why).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} × {g.Key}, for example {g.First().File}"));
        throw new DataException(string.Join(", ", options.Sources), $"files that may hold text would be left out: {string.Join("; ", reasons)}",
            $"UTF-8, or UTF-16 or UTF-32 with a byte order mark, in files ending in {string.Join(' ', FolderSearch.KnownEndings)}, also packed as .gz or .zst",
            "convert or unpack them; name files of other endings by a pattern such as `folder/**/*.log`; or say --leave-out to go without them");
    }

    // Null where it is to be trained, with a vocabulary of vocabSize.
    private ITokenizer? FindTokenizer(out int vocabSize)
    {
        (string Folder, DatasetManifest Manifest)[] datasets = [.. sources.SelectMany(s => s.Datasets)];
        var spec = options.Tokenizer ?? (datasets is [var (first, _), ..] ? Path.Combine(first, DatasetLayout.TokenizerFolder) : ByteTokenizer.SpecName);
        var tokenizer = TokenizerLoader.TryParseTrained(spec, out vocabSize) ? null : TokenizerLoader.Load(spec);
        foreach (var (folder, manifest) in datasets)
            if (manifest.Tokenizer.Hash != tokenizer?.Hash)
                throw new DataException(folder, $"its tokens were made by the tokenizer {manifest.Tokenizer.Name}, hash {manifest.Tokenizer.Hash}",
                    $"tokens of the tokenizer {(tokenizer is null ? spec : $"{tokenizer.Name}, hash {tokenizer.Hash}")}",
                    options.Tokenizer is null ? "prepare data sets of one tokenizer only" : "leave out --tokenizer to keep the data set's own, or prepare from the text");
        return tokenizer;
    }

    // A manifest that cannot be read is a reason to make the data set again.
    private DatasetManifest? ReadPresent()
    {
        try
        {
            return DatasetManifest.Read(options.Output);
        }
        catch (DataException)
        {
            return null;
        }
    }

    private bool IsComplete(DatasetManifest manifest) => manifest.Files
        .All(f => new FileInfo(Path.Combine(options.Output, f.File)) is { Exists: true } file && file.Length == f.FileBytes);

    private string HashOptions(ITokenizer? tokenizer) => InputFiles.Hash(string.Create(CultureInfo.InvariantCulture, $"""
        format {DatasetManifest.CurrentFormatVersion}, both splits end their shards together
        tokenizer {tokenizer?.Hash ?? $"{options.Tokenizer} {options.TokenizerSampleMegachars}"}
        split {options.ValidationFraction:r}
        shard {options.ShardTokens}
        field {options.TextField}
        deduplicate {options.Deduplicate}
        """));

    private DatasetManifest Tokenize(ITokenizer tokenizer, OutputFolder output, PrepareJournal journal, IReadOnlyList<string> hashes, DocumentSet? seen)
    {
        var shards = journal.Finished.SelectMany(f => f.Shards).ToList();
        var state = new PrepareProgress(PreparePhase.GoingOn, shards.Sum(s => s.Documents), shards.Sum(s => s.Bytes), shards.Sum(s => s.Tokens), shards.Count, 0);
        if (shards.Count > 0) progress?.Report(state);
        var (start, skipped) = journal.Finished is [.., var last] ? (last.Next, last.Skipped) : default;
        using var writer = new SplitWriter(output.Temporary, new DocumentSplit(options.ValidationFraction), options.ShardTokens, journal.Finished);
        foreach (var encoded in OrderedWork.Run(inputs.Read(start, batchBytes), records => EncodedBatch.Encode(records, tokenizer, options.Deduplicate, cancellation), cancellation))
        {
            using var batch = encoded;
            for (var i = 0; i < batch.Count; i++)
            {
                var document = batch[i];
                var documentState = document.State == DocumentState.Whole && seen?.Add(document.Identity) == false ? DocumentState.Duplicate : document.State;
                skipped = skipped.With(documentState);
                if (documentState == DocumentState.Invalid) firstInvalid ??= inputs[document.Next.File];
                if (documentState != DocumentState.Whole) continue;
                documentsByFile[document.Next.File] = documentsByFile.GetValueOrDefault(document.Next.File) + 1;
                state = state with { Documents = state.Documents + 1, TextBytes = state.TextBytes + document.TextBytes };
                if (writer.Append(document) is not var (train, validation)) continue;
                journal.Append(new FinishedShards(hashes[document.Next.File], document.Next, skipped, writer.Moved, train, validation));
                (output.IsKept, state) = (true, state with { Shards = state.Shards + train.Count + validation.Count });
            }
            progress?.Report(state = state with { Phase = PreparePhase.Tokenizing, Tokens = writer.Tokens, Read = batch.Read });
        }
        if (writer.Tokens == 0)
            throw new DataException(string.Join(", ", options.Sources),
                $"no document has any text ({skipped.Empty} are empty, {skipped.Invalid} are not UTF-8)", "at least one document",
                "correct --source");
        return Describe(tokenizer, skipped, writer.Finish());
    }

    private DatasetManifest Describe(ITokenizer tokenizer, SkippedDocuments skipped, (SplitManifest Train, SplitManifest Validation) splits)
    {
        var manifest = new DatasetManifest
        {
            FormatVersion = DatasetManifest.CurrentFormatVersion,
            Fingerprint = "",
            Tokenizer = new TokenizerIdentity(tokenizer.Name, tokenizer.Hash, tokenizer.VocabSize, tokenizer.BosToken, tokenizer.EosToken),
            Train = splits.Train,
            Validation = splits.Validation,
            Sources = [.. sources.Select(s => s.Description)],
            Inputs = "",
            EmptyDocuments = skipped.Empty,
            InvalidDocuments = skipped.Invalid,
            DuplicateDocuments = skipped.Duplicate,
        };
        return manifest with { Fingerprint = manifest.ComputeFingerprint() };
    }
}
