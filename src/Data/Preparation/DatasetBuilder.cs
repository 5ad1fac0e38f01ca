using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SparkTrain.Data;

/// <summary>
/// Makes a data set: documents of the sources, in order, become tokens and then shards. Memory stays bounded; tokenizing uses all cores.
/// </summary>
public sealed class DatasetBuilder
{
    private const int BatchCharacters = 1 << 20;

    private readonly PrepareOptions options;
    private readonly IReadOnlyList<IDocumentSource> sources;
    private readonly DocumentSplit split;
    private readonly IProgress<PrepareProgress>? progress;
    private readonly CancellationToken cancellation;
    private double read;

    private DatasetBuilder(PrepareOptions options, IProgress<PrepareProgress>? progress, CancellationToken cancellation)
    {
        (this.options, this.progress, this.cancellation, split) = (options, progress, cancellation,
            new DocumentSplit(options.ValidationFraction));
        sources = [.. options.Sources.Select(s => DocumentSources.Open(s, options.TextField))];
    }

    /// <summary>
    /// Makes the data set that <paramref name="options"/> describe, or returns at once where the folder holds it already. Throws
    /// <see cref="DataException"/> for options, sources or tokenizers that cannot be used; then nothing is left behind.
    /// </summary>
    public static PrepareResult Build(PrepareOptions options, IProgress<PrepareProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        return new DatasetBuilder(options, progress, cancellation).Build();
    }

    private static void Check(PrepareOptions options)
    {
        var problems = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), problems, validateAllProperties: true)) return;
        throw new DataException("prepare", string.Join(" ", problems.Select(p => p.ErrorMessage?.TrimEnd('.') + ".")).TrimEnd('.'),
            "options within their ranges", "correct the options");
    }

    private PrepareResult Build()
    {
        var known = Tokenizers.TryParseTrained(options.Tokenizer, out var vocabSize) ? null : Tokenizers.Load(options.Tokenizer);
        var inputs = HashInputs(known);
        using var output = OutputFolder.Claim(options.Output);
        if (ReadPresent() is { } present && present.Inputs == inputs && IsComplete(present))
            return new PrepareResult(present, WasUpToDate: true);

        var tokenizer = known ?? TrainTokenizer(vocabSize);
        tokenizer.Save(Path.Combine(output.Temporary, DatasetLayout.TokenizerFolder));
        var manifest = Tokenize(tokenizer, output.Temporary) with { Inputs = inputs };
        manifest.Write(output.Temporary);
        output.Publish();
        return new PrepareResult(manifest, WasUpToDate: false);
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

    // Names, sizes and times of the files stand for their content: reading it all again would cost as much as preparing.
    private string HashInputs(ITokenizer? tokenizer)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"format {DatasetManifest.CurrentFormatVersion} with lengths\n");
        text.Append(CultureInfo.InvariantCulture, $"tokenizer {tokenizer?.Hash ?? options.Tokenizer} {options.TokenizerSampleMegachars}\n");
        text.Append(CultureInfo.InvariantCulture, $"split {options.ValidationFraction:r}\nshard {options.ShardTokens}\n");
        text.Append(CultureInfo.InvariantCulture, $"field {options.TextField}\n");
        foreach (var source in sources)
        {
            text.Append(source.Description).Append('\n');
            foreach (var file in source.Files.Select(f => new FileInfo(f)))
                text.Append(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private bool IsComplete(DatasetManifest manifest) => manifest.Files
        .All(f => new FileInfo(Path.Combine(options.Output, f.File)) is { Exists: true } file && file.Length == f.FileBytes);

    private BpeTokenizer TrainTokenizer(int vocabSize)
    {
        var trainer = new BpeTrainer(vocabSize);   // refuses a bad size before anything is read
        var sample = new TokenizerSample(options.TokenizerSampleMegachars * 1_000_000L);
        var (documents, bytes) = (0L, 0L);
        foreach (var document in ReadAll(new SkippedDocuments()))
        {
            if (document.Text is not { } text)
                throw new DataException(document.Where!, "the source holds tokens", "text, since a tokenizer is to be trained",
                    "name by --tokenizer the tokenizer that made the file");
            var hash = document.ContentHash();
            if (!split.IsValidation(hash)) sample.Add(text, hash);
            bytes += Encoding.UTF8.GetByteCount(text);
            if (++documents % 1024 == 0) progress?.Report(new PrepareProgress(PreparePhase.Sampling, documents, bytes, 0, read));
        }
        progress?.Report(new PrepareProgress(PreparePhase.TrainingTokenizer, documents, bytes, 0, read));
        return trainer.Train(sample.Documents, cancellation);
    }

    private DatasetManifest Tokenize(ITokenizer tokenizer, string folder)
    {
        var skipped = new SkippedDocuments();
        using var writer = new SplitWriter(folder, split, options.ShardTokens);
        var running = new Queue<Task<EncodedBatch>>();
        var (documents, bytes) = (0L, 0L);
        foreach (var batch in Batches(ReadAll(skipped)))
        {
            running.Enqueue(Task.Run(() => EncodedBatch.Encode(batch, tokenizer), cancellation));
            if (running.Count > 2 * Environment.ProcessorCount) Write(running.Dequeue());
        }
        while (running.Count > 0) Write(running.Dequeue());
        if (writer.Tokens == 0)
            throw new DataException(string.Join(", ", options.Sources),
                $"no document has any text ({skipped.Empty} are empty, {skipped.Invalid} are not UTF-8)", "at least one document",
                "correct --source");
        var (train, validation) = writer.Finish();
        return Describe(tokenizer, skipped, train, validation);

        // Batches are taken in the order in which they were read, whichever core finishes first.
        void Write(Task<EncodedBatch> next)
        {
            var batch = next.GetAwaiter().GetResult();
            for (var i = 0; i < batch.Count; i++)
            {
                var document = batch[i];
                writer.Append(document);
                bytes += document.TextBytes;
            }
            documents += batch.Count;
            progress?.Report(new PrepareProgress(PreparePhase.Tokenizing, documents, bytes, writer.Tokens, read));
        }
    }

    private DatasetManifest Describe(ITokenizer tokenizer, SkippedDocuments skipped, SplitManifest train, SplitManifest validation)
    {
        var manifest = new DatasetManifest
        {
            FormatVersion = DatasetManifest.CurrentFormatVersion,
            Fingerprint = "",
            Tokenizer = new TokenizerIdentity(tokenizer.Name, tokenizer.Hash, tokenizer.VocabSize, tokenizer.BosToken, tokenizer.EosToken),
            Train = train,
            Validation = validation,
            Sources = [.. sources.Select(s => s.Description)],
            Inputs = "",
            EmptyDocuments = skipped.Empty,
            InvalidDocuments = skipped.Invalid,
        };
        return manifest with { Fingerprint = manifest.ComputeFingerprint() };
    }

    private IEnumerable<Document> ReadAll(SkippedDocuments skipped)
    {
        long total = sources.SelectMany(s => s.Files).Sum(file => new FileInfo(file).Length), done = 0;
        read = 0;
        foreach (var (source, file) in sources.SelectMany(s => s.Files.Select(file => (s, file))))
        {
            foreach (var document in source.ReadFile(file, skipped))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return document;
            }
            done += new FileInfo(file).Length;
            read = (double)done / Math.Max(1, total);
        }
    }

    private static IEnumerable<List<Document>> Batches(IEnumerable<Document> documents)
    {
        var (batch, length) = (new List<Document>(), 0L);
        foreach (var document in documents)
        {
            batch.Add(document);
            if ((length += document.Length) < BatchCharacters) continue;
            yield return batch;
            (batch, length) = ([], 0);
        }
        if (batch.Count > 0) yield return batch;
    }
}
