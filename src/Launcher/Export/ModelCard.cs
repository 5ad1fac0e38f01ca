using System.Globalization;
using System.Text;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Export;

/// <summary>Renders the model card, README.md of a model folder: what the model is, how it was trained as far as that is known, and how sparse it was measured to be.</summary>
internal static class ModelCard
{
    private static readonly (string Label, string Section, string Key)[] Settings =
    [
        ("sequence length", "Training", "SeqLen"), ("tokens a step", "Training", "GlobalBatchTokens"), ("arithmetic", "Training", "Compute"),
        ("learning rate, highest", "LrSchedule", "Lr"), ("initial weights", "Run", "InitialModel"),
    ];

    /// <summary>Renders the card.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="model">Its shape.</param>
    /// <param name="type">Type of the weights.</param>
    /// <param name="asGemma2">True where config.json has Hugging Face's name for it.</param>
    /// <param name="facts">What is known of its training; null for a model that came without it.</param>
    public static string Render(string name, ModelConfig model, TensorType type, bool asGemma2, RunFacts? facts)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
        var (kind, tags) = Kind(model);

        Line($"---");
        Line($"library_name: {(asGemma2 ? "transformers" : "sparktrain")}");
        Line($"pipeline_tag: text-generation");
        Line($"tags:");
        foreach (string tag in tags) Line($"- {tag}");
        Line($"# license: to be chosen by whoever publishes this model");
        Line($"---");
        Line($"");
        Line($"# {name}");
        Line($"");
        string origin = facts is null ? "." : facts.Setting("Run", "InitialModel") is not null ? ", trained further with SparkTrain." : ", pretrained with SparkTrain. It continues text; it was not taught to follow instructions.";
        Line($"A {kind} of {ParameterCount.Of(model).Total:N0} parameters ({ParameterCount.Of(model).NonEmbedding:N0} without the embedding){origin}");
        WriteShape(model, type, Line);
        WriteTraining(facts, Line);
        WriteSparsity(model, facts, Line);
        Line($"");
        Line($"## Use");
        Line($"");
        Line($"With SparkTrain, in the folder above this one:");
        Line($"");
        Line($"    dotnet Launcher.dll generate --model {name} --prompt \"The \"");
        Line($"    dotnet Launcher.dll score --model {name} --input in.jsonl --output out.jsonl");
        if (!asGemma2) return text.ToString();
        Line($"");
        Line($"config.json names it `gemma2`, with Hugging Face's keys and tensor names:");
        Line($"");
        Line($"    from transformers import AutoModelForCausalLM, AutoTokenizer");
        Line($"    tokenizer, model = AutoTokenizer.from_pretrained(\"{name}\"), AutoModelForCausalLM.from_pretrained(\"{name}\")");
        Line($"    print(tokenizer.decode(model.generate(**tokenizer(\"The \", return_tensors=\"pt\"), max_new_tokens=40)[0]))");
        return text.ToString();
    }

    private static (string Text, string[] Tags) Kind(ModelConfig model)
    {
        if (Gemma2Form.IsDense(model)) return ("dense Gemma-2 model", ["gemma2"]);
        bool isSpark = Enumerable.Range(0, model.NumLayers).Any(layer => model.Ffn.Of(layer).Kind.Traits().HasPredictor || model.Attention.Of(layer).Kind.Traits().HasPredictor);
        return isSpark ? ("Spark Transformer", ["spark-transformer", "activation-sparsity"]) : ("sparse relative of Gemma-2", ["activation-sparsity"]);
    }

    private static void WriteShape(ModelConfig model, TensorType type, Action<FormattableString> line)
    {
        void Row(string key, FormattableString value) => line($"| {key} | {value.ToString(CultureInfo.InvariantCulture)} |");
        var (ffn, attention) = (model.Ffn, model.Attention);
        line($"");
        line($"## Model");
        line($"");
        line($"| | |");
        line($"| --- | --- |");
        Row("layers", $"{model.NumLayers}");
        Row("width", $"{model.DModel}");
        Row("vocabulary", $"{model.VocabSize:N0} tokens");
        Row("longest sequence", $"{model.MaxSeqLen:N0} tokens");
        Row("FFN", $"{ffn.Kind}, {ffn.DFf} neurons{(ffn.PredictorDim > 0 ? $", predictor of {ffn.PredictorDim}" : "")}{(ffn.HasTopk() ? $", aims at {ffn.Active} active ones" : "")}");
        foreach (var e in ffn.Except) Row($"FFN of layers {e.FirstLayer} to {e.LastLayer}", $"{e.Kind}, {e.DFf ?? ffn.DFf} neurons{(e.Active > 0 ? $", aims at {e.Active} active ones" : "")}");
        Row("attention", $"{attention.Kind}, {attention.NumHeads} heads of {attention.HeadDim} on {attention.NumKvHeads} key heads{(attention.Window is { } window ? $", window {window} in local layers" : "")}{Selection(attention)}");
        foreach (var e in attention.Except) Row($"attention of layers {e.FirstLayer} to {e.LastLayer}", $"{e.Kind}{(e.Active > 0 ? $", aims at {e.Active} keys a query" : "")}");
        Row("weights", $"{type}, tied embedding");
    }

    private static string Selection(AttentionConfig attention) =>
        (attention.PredictorDim > 0 ? string.Create(CultureInfo.InvariantCulture, $", predictor of {attention.PredictorDim}") : "")
        + (attention.HasTopk() ? string.Create(CultureInfo.InvariantCulture, $", aims at {attention.Active} keys a query") : "");

    private static void WriteTraining(RunFacts? facts, Action<FormattableString> line)
    {
        line($"");
        line($"## Training");
        line($"");
        if (facts is null)
        {
            line($"Not known: these weights came as a model folder.");
            return;
        }
        void Row(string key, FormattableString value) => line($"| {key} | {value.ToString(CultureInfo.InvariantCulture)} |");
        var (manifest, progress) = (facts.Manifest, facts.Manifest.Progress);
        line($"| | |");
        line($"| --- | --- |");
        Row("step", $"{progress.Step:N0} of {long.Parse(facts.Setting("Training", "Steps") ?? "0", CultureInfo.InvariantCulture):N0}");
        Row("tokens", $"{progress.Tokens:N0}");
        foreach (var (label, section, key) in Settings)
            if (facts.Setting(section, key) is { } value) Row(label, $"{value}");
        Row("seed", $"{manifest.Seed}");
        Row("dataset fingerprint", $"{manifest.DataFingerprint}");
        Row("SparkTrain", $"{manifest.CodeVersion}");
        Row("validation loss", facts.Validated is { } at ? (FormattableString)$"{at.ValLoss:F4} nats per token, {at.ValBitsPerByte:F4} bits per byte" : $"not measured at this step");
    }

    private static void WriteSparsity(ModelConfig model, RunFacts? facts, Action<FormattableString> line)
    {
        line($"");
        line($"## Measured sparsity");
        line($"");
        if (facts?.Measured is not { FfnActiveFractionByLayer: { } active, AttentionKeptByLayer: { } kept } measured || active.Count != model.NumLayers || kept.Count != model.NumLayers)
        {
            line($"Not measured.");
            return;
        }
        line($"Measured on the training batch of step {measured.Step:N0}: the share of FFN units that were not zero, and the keys that a query kept, on sequences of {facts.Setting("Training", "SeqLen")} tokens.");
        line($"");
        line($"| layer | FFN | active units | attention | keys per query |");
        line($"| ---: | --- | ---: | --- | ---: |");
        for (int layer = 0; layer < model.NumLayers; layer++)
            line($"| {layer} | {model.Ffn.Of(layer).Kind} | {100 * active[layer]:F2} % | {model.Attention.Of(layer).Kind} | {kept[layer]:F1} |");
        line($"| mean | | {100 * active.Average():F2} % | | {kept.Average():F1} |");
    }
}
