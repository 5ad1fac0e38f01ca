using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Data;

/// <summary>Trains a tokenizer on the training split of the inputs.</summary>
internal static class TokenizerTraining
{
    /// <summary>
    /// Returns a tokenizer of <paramref name="vocabSize"/> pieces. Throws <see cref="DataException"/> for a size that cannot be, for too little text, and for inputs that hold tokens.
    /// </summary>
    public static BpeTokenizer Train(int vocabSize, InputFiles inputs, PrepareOptions options, IProgress<PrepareProgress>? progress, CancellationToken cancellation)
    {
        var trainer = new BpeTrainer(vocabSize);   // refuses a bad size before anything is read
        var split = new DocumentSplit(options.ValidationFraction);
        var seen = options.Deduplicate ? new DocumentSet() : null;
        var sample = new TokenizerSample(options.TokenizerSampleMegachars * 1_000_000L);
        var state = new PrepareProgress { Phase = PreparePhase.Sampling };
        foreach (var (texts, read) in OrderedWork.Run(inputs.Read(default), Decode, cancellation))
        {
            foreach (var (text, bytes, hash) in texts)
            {
                state = state with { Documents = state.Documents + 1, TextBytes = state.TextBytes + bytes };
                if (seen?.Add(hash) == false) continue;
                var splitHash = (ulong)(hash >> 64);
                if (!split.IsValidation(splitHash)) sample.Add(text, splitHash);
            }
            progress?.Report(state = state with { Read = read });
        }
        progress?.Report(state with { Phase = PreparePhase.TrainingTokenizer });
        return trainer.Train(sample.Documents, cancellation);
    }

    private static (List<(string Text, int Bytes, UInt128 Hash)> Texts, double Read) Decode(RecordBatch batch)
    {
        var texts = new List<(string, int, UInt128)>();
        foreach (var document in batch.Records.Select(r => r.Record.Decode()).Where(d => d.State == DocumentState.Whole))
        {
            if (document.Text is not { } text)
                throw new DataException(document.Where!, "the source holds tokens", "text, since a tokenizer is to be trained",
                    "name by --tokenizer the tokenizer that made the file");
            texts.Add((text, document.TextBytes, document.Hash));
        }
        return (texts, batch.Read);
    }
}
