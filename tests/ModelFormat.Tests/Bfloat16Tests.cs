using CsCheck;

namespace SparkTrain.ModelFormat.Tests;

public sealed unsafe class Bfloat16Tests
{
    [Theory]
    [InlineData(0x3F80_0000, 0x3F80)] // 1
    [InlineData(0x3F80_7FFF, 0x3F80)] // just below the middle of two
    [InlineData(0x3F80_8000, 0x3F80)] // the middle: the lower one is even
    [InlineData(0x3F80_8001, 0x3F81)]
    [InlineData(0x3F81_8000, 0x3F82)] // the middle: the upper one is even
    [InlineData(0xBF81_8000, 0xBF82)]
    [InlineData(0x8000_0000, 0x8000)] // minus zero
    [InlineData(0x0000_8000, 0x0000)] // half of the least, and one and a half
    [InlineData(0x0001_8000, 0x0002)]
    [InlineData(0x007F_FFFF, 0x0080)] // the largest subnormal becomes the least normal
    [InlineData(0x7F7F_7FFF, 0x7F7F)] // the largest bfloat16, and what lies beyond it
    [InlineData(0x7F7F_8000, 0x7F80)]
    [InlineData(0xFF7F_FFFF, 0xFF80)]
    [InlineData(0x7F80_0000, 0x7F80)] // infinity
    [InlineData(0x7F80_0001, 0x7FC0)] // signalling NaN whose fraction is in the lower half
    [InlineData(0xFF80_0001, 0xFFC0)]
    [InlineData(0x7FFF_FFFF, 0x7FFF)] // a carry would make this one minus zero
    [InlineData(0xFFC1_2345, 0xFFC1)]
    public void Rounds_to_the_pattern_that_arithmetic_by_hand_gives(uint value, int expected) =>
        Assert.Equal(expected, Bfloat16.Round(BitConverter.UInt32BitsToSingle(value)));

    [Fact]
    public void No_bfloat16_is_nearer() => Gen.UInt.Select(BitConverter.UInt32BitsToSingle).Where(float.IsFinite).Sample(value =>
    {
        int rounded = Bfloat16.Round(value);
        // Beyond the largest, infinity stands for 2¹²⁸, the next in the sequence.
        double Value(int bits) => (bits & 0x7FFF) == 0x7F80 ? Math.CopySign(Math.Pow(2, 128), (short)bits) : BitConverter.Int32BitsToSingle(bits << 16);
        double distance = Math.Abs(Value(rounded) - value), below = (rounded & 0x7FFF) > 0 ? Math.Abs(Value(rounded - 1) - value) : double.MaxValue;
        double above = (rounded & 0x7FFF) < 0x7F80 ? Math.Abs(Value(rounded + 1) - value) : double.MaxValue;
        double nearest = Math.Min(below, above);
        return distance < nearest || distance == nearest && rounded % 2 == 0;
    });

    [Fact]
    public void Rounds_in_place()
    {
        float[] values = [1f, 1.00390625f, -3.5f, 0.1f];
        fixed (float* at = values)
        {
            Bfloat16.Round(at, values.Length, (ushort*)at);
            // 1.00390625 = 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷; 0.1 = 0x3DCCCCCD.
            Assert.Equal([0x3F80, 0x3F80, 0xC060, 0x3DCD], new ReadOnlySpan<ushort>(at, values.Length).ToArray());
        }
    }
}
