using SparkTrain.Numerics;

namespace SparkTrain.ModelFormat.Tests;

/// <summary>No kind without a rule: a new member of one of these enums fails here until every table has a row for it.</summary>
public sealed class KindTests
{
    public static TheoryData<FfnKind> FfnKindList => [.. Enum.GetValues<FfnKind>()];

    public static TheoryData<AttentionKind> AttentionKindList => [.. Enum.GetValues<AttentionKind>()];

    [Theory, MemberData(nameof(FfnKindList))]
    public void Every_kind_of_network_comes_back_from_its_config_json(FfnKind kind)
    {
        var traits = kind.Traits();
        Assert.Equal(kind, RoundTrip(Shapes.Gemma2B with { Ffn = new() { Kind = kind, DFf = 64, Active = traits.HasTopk ? 8 : 0, PredictorDim = traits.HasPredictor ? 16 : 0 } }).Ffn.Kind);
    }

    [Theory, MemberData(nameof(AttentionKindList))]
    public void Every_kind_of_attention_comes_back_from_its_config_json(AttentionKind kind)
    {
        var traits = kind.Traits();
        var attention = Shapes.Gemma2B.Attention with { Kind = kind, Active = traits.HasTopk ? 8 : 0, PredictorDim = traits.HasPredictor ? 16 : 0 };
        Assert.Equal(kind, RoundTrip(Shapes.Gemma2B with { Attention = attention }).Attention.Kind);
    }

    [Fact]
    public void Names_of_kinds_differ()
    {
        Assert.Distinct(Enum.GetValues<FfnKind>().Select(kind => kind.Traits().Name));
        Assert.Distinct(Enum.GetValues<AttentionKind>().Select(kind => kind.Traits().Name));
    }

    [Fact]
    public void Every_role_has_a_name_and_a_part()
    {
        var slots = Enum.GetValues<WeightRole>().Select(role => new WeightSlot(role, null, [1, 1])).ToArray();
        Assert.Distinct(slots.Select(slot => slot.Name));
        Assert.All(slots, slot => Assert.Contains(slot.Part, Enum.GetValues<ModelPart>()));
    }

    [Fact]
    public void Every_non_linearity_says_whether_it_leaves_neurons_out() => Assert.All(Enum.GetValues<ActivationKind>(), kind => kind.IsZeroBelow());

    [Fact]
    public void What_has_no_rule_throws_and_passes_for_nothing_else()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ((FfnKind)99).Traits());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((AttentionKind)99).Traits());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((ActivationKind)99).IsZeroBelow());
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightSlot((WeightRole)99, 0, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => HuggingFaceConfig.Write(Shapes.Gemma2B with { Ffn = new() { Kind = (FfnKind)99, DFf = 64 } }, TensorType.F32));
        Assert.Throws<ArgumentOutOfRangeException>(() => HuggingFaceConfig.Write(Shapes.Gemma2B with { TopkSelector = (TopkSelector)99 }, TensorType.F32));
    }

    private static ModelConfig RoundTrip(ModelConfig config)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, HuggingFaceConfig.Write(config, TensorType.F32));
            return HuggingFaceConfig.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
