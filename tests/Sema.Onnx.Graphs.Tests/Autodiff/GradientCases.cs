using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>For every operator with a rule: the shapes, attributes and domains it is checked on, clear of kinks and poles.</summary>
internal static class GradientCases
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        // Elementwise
        ["Add"]        = Binary(F(2, 3), F(2, 3)),
        ["Sub"]        = Binary(F(2, 3), F(2, 3)),
        ["Mul"]        = Binary(F(2, 3), F(2, 3)),
        ["Div"]        = Binary(F(2, 3), F().In(0.5, 2)),
        ["Pow"]        =
        [
            .. Binary(F().In(0.5, 2), F()),
            .. new[] { -1.5, -1, 0, 0.5, 1, 2, 3, 2.5 }.Select(p => new GradientCase(F(2, 3).In(0.5, 2), Scalar(p))),
            new(F(2, 3), Scalar(3)),
            new(F(2, 3), Scalar(3, ElementType.Float32)),
            new(F(2, 3), I(3)),
            new(F(2, 3), I(2, 3, 1)),
            new(F(2, 3), Ids([2, 1], 2, 3)),
            new(F(2, 3).In(0.5, 2), new(1, 1, 1) { Fixed = new(ElementType.Float64, [1, 1, 1], BitConverter.GetBytes(2.0)), IsConstant = true }),
        ],
        ["Neg"]        = Unary(F(2, 3)),
        ["Abs"]        = Unary(F(2, 3).Spread()),
        ["Reciprocal"] = [.. Unary(F(2, 3).In(0.5, 2)), .. Unary(F(2, 3).In(-2, -0.5))],
        ["Exp"]        = Unary(F(2, 3)),
        ["Log"]        = Unary(F(2, 3).In(0.5, 2)),
        ["Sqrt"]       = Unary(F(2, 3).In(0.5, 2)),
        ["Erf"]        = [new GradientCase(F(2, 3)).Float32()],
        ["Sin"]        = Unary(F(2, 3)),
        ["Cos"]        = Unary(F(2, 3)),
        ["Tan"]        = Unary32(F(2, 3).In(-0.5, 0.5)),
        ["Asin"]       = Unary32(F(2, 3).In(-0.5, 0.5)),
        ["Acos"]       = Unary32(F(2, 3).In(-0.5, 0.5)),
        ["Atan"]       = Unary32(F(2, 3)),
        ["Sinh"]       = Unary32(F(2, 3)),
        ["Cosh"]       = Unary32(F(2, 3)),
        ["Asinh"]      = Unary32(F(2, 3)),
        ["Acosh"]      = Unary32(F(2, 3).In(2, 3)),
        ["Atanh"]      = Unary32(F(2, 3).In(-0.5, 0.5)),
        ["Mod"]        =   // a/b between 2.2 and 2.9
        [
            .. Binary(F().In(2.2, 2.7), F().In(0.93, 1)).Select(c => c.With(("fmod", 1L))),
            .. Binary(F().In(-2.7, -2.2), F().In(0.93, 1)).Select(c => c.With(("fmod", 1L))),
            new GradientCase(F(2, 3).In(2.2, 2.7), F(2, 3).In(-1, -0.93)).With(("fmod", 1L)),
        ],
        ["CumSum"]     =
        [
            .. from axis in new Operand[] { Ids([], 0), Ids([], -1), I(0) }
               from exclusive in new long[] { 0, 1 }
               from reverse in new long[] { 0, 1 }
               select new GradientCase(F(3, 4), axis).With(("exclusive", exclusive), ("reverse", reverse)),
        ],
        ["Trilu"]      =
        [
            .. from upper in new long[] { 0, 1 }
               from k in new Operand?[] { null, Ids([], 1), Ids([], -2), Ids([], 9) }
               select new GradientCase(k is null ? [F(3, 4)] : [F(3, 4), k]).With(("upper", upper)),
            new(F(2, 4, 3)),
        ],
        ["Where"]      =
        [
            new(B([2, 3], 1, 0, 0, 1, 1, 0), F(2, 3), F(2, 3)),
            new(B([3], 1, 0, 0), F(2, 1), F()),
            new(B([2, 1, 1], 1, 0), F(1, 3), F(4, 1)),
            new(B([2, 3], 1, 0, 0, 1, 1, 0), F(1), F(3)),
        ],
        ["Clip"]       =
        [
            new(F(3, 4).Spread(), Scalar(-1), Scalar(0.5)),
            new(F(3, 4).Spread(), null, Scalar(0.5)),
            new(F(3, 4).Spread(), Scalar(-1)),
            new(F(3, 4)),
        ],
        ["Expand"]     = [new(F(2, 1), I(2, 3)), new(F(3), I(2, 1, 1)), new(F(), I(2, 3)), new(F(2, 3), I(1, 1)), new(F(1), I(1, 4)), new(F(2, 1), Ids([2], 2, 3))],
        ["Identity"]   = Unary(F(2, 3)),
        ["Dropout"]    = [new(F(2, 3)), new(F(2, 3), Scalar(0.3))],
        ["Cast"]       = [new GradientCase(F(2, 3)).With(("to", (long)ElementType.Float64)), new GradientCase(F(2, 3)).Linear32().With(("to", (long)ElementType.Float64))],
        ["Max"]        = [.. Binary(F(2, 3).Spread(), F(2, 3)), new(F(2, 3)), new(F(2, 3), F(3), F(2, 1), F())],
        ["Min"]        = [.. Binary(F(2, 3).Spread(), F(2, 3)), new(F(2, 3)), new(F(2, 3), F(3), F(2, 1), F())],
        ["Sum"]        = [.. Binary(F(2, 3), F(2, 3)), new(F(2, 3)), new(F(2, 3), F(3), F(2, 1), F())],
        ["Mean"]       = [.. Binary(F(2, 3), F(2, 3)).Append(new(F(2, 3))).Append(new(F(2, 3), F(3), F(2, 1), F())).Select(c => c.Linear32())],

        // Activations
        ["Relu"]        = Unary(F(3, 4).Spread()),
        ["LeakyRelu"]   = [new GradientCase(F(3, 4).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("alpha", 0.3f))],
        ["PRelu"]       = [.. new[] { F(3, 4), F(4), F(3, 1), F(1), F() }.Select(slope => new GradientCase(F(3, 4).Spread(), slope).Float32())],
        ["Elu"]         = [new GradientCase(F(3, 4).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("alpha", 0.5f))],
        ["Selu"]        = [new GradientCase(F(3, 4).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("alpha", 0.5f), ("gamma", 2f))],
        ["Celu"]        = [new GradientCase(F(3, 4).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("alpha", 0.5f))],
        ["ThresholdedRelu"] = [new GradientCase(F(3, 4).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("alpha", 0.5f))],
        ["Shrink"]      = [new GradientCase(F(3, 4).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("lambd", 0.75f), ("bias", 0.25f))],
        ["Mish"]        = [new GradientCase(F(2, 3)).Float32()],
        ["Sigmoid"]     = Unary(F(2, 3)),
        ["HardSigmoid"] = [new GradientCase(F(5, 8).Spread()).Float32(), new GradientCase(F(3, 4).Spread()).Float32().With(("alpha", 0.5f), ("beta", 0.5f))],
        ["HardSwish"]   = [new GradientCase(F(5, 8).Spread()).Float32()],
        ["Tanh"]        = Unary(F(2, 3)),
        ["Softplus"]    = [new GradientCase(F(2, 3)).Float32()],
        ["Softsign"]    = [new GradientCase(F(3, 4).Spread()).Float32()],
        ["Gelu"]        = [new GradientCase(F(2, 3)).Float32(), new GradientCase(F(2, 3)).With(("approximate", "tanh")).Within(1e-7)],   // the runtime's √(2/π) is a float32
        ["Softmax"]     = Axes(F(2, 3, 4), -1, 0, 1, 2, -2),
        ["LogSoftmax"]  = Axes(F(2, 3, 4), -1, 0, 1, 2, -2),

        // Matrices
        ["com.microsoft.Inverse"] = [new GradientCase(F(1, 1).In(0.5, 2)).Within(1e-7), new GradientCase(F(2, 3, 3).Spread()).Within(1e-7)],
        ["MatMul"] =
        [
            new(F(2, 3), F(3, 4)), new(F(5, 2, 3), F(5, 3, 4)), new(F(5, 2, 3), F(3, 4)), new(F(2, 3), F(5, 3, 4)),
            new(F(5, 1, 2, 3), F(4, 3, 2)), new(F(1, 2, 3), F(5, 3, 4)), new(F(5, 2, 3), F(1, 3, 4)), new(F(1, 2, 3), F(3, 4)), new(F(2, 5, 2, 3), F(3, 4)),
            new(F(3), F(3)), new(F(3), F(3, 4)), new(F(2, 3), F(3)), new(F(3), F(5, 3, 4)), new(F(5, 2, 3), F(3)), new(F(2, 1), F(1, 4)), new(F(1, 3), F(3, 1)),
        ],
        ["com.sema.LinearWeightGrad"] = [new GradientCase(F(5, 2), F(5, 3)).Making(2, ..1), new GradientCase(F(1, 1), F(1, 4)).Making(2, ..1)],
        ["com.sema.LinearWeightGradTurned"] = [new GradientCase(F(5, 2), F(5, 3)).Making(2, ..1), new GradientCase(F(1, 1), F(1, 4)).Making(2, ..1)],
        ["Gemm"] =
        [
            .. from transposes in new[] { (0L, 0L), (0, 1), (1, 0), (1, 1) }
               from c in new Operand?[] { null, F(2, 4), F(4), F(2, 1), F(1), F() }
               let a = transposes.Item1 == 0 ? F(2, 3) : F(3, 2)
               let b = transposes.Item2 == 0 ? F(3, 4) : F(4, 3)
               select new GradientCase(c is null ? [a, b] : [a, b, c]).With(("transA", transposes.Item1), ("transB", transposes.Item2), ("alpha", 0.5f), ("beta", 2f)),
            new(F(2, 3), F(3, 4), F(4)),
            new(F(2, 1), F(1, 4), F(4)),
            new(F(1, 3), F(3, 1), F(1)),
        ],

        ["Einsum"] =
        [
            Einsum("ij,jk->ik", F(2, 3), F(3, 4)), Einsum("bij,bjk->bik", F(2, 2, 3), F(2, 3, 4)), Einsum("bhid,bhjd->bhij", F(2, 2, 3, 2), F(2, 2, 4, 2)), Einsum("bthc, hcd -> btd", F(2, 3, 2, 2), F(2, 2, 3)),
            Einsum("ij,jk", F(2, 3), F(3, 4)), Einsum("ji,jk", F(2, 3), F(2, 4)), Einsum("ij->ji", F(2, 3)), Einsum("i,j->ij", F(2), F(3)), Einsum("i,i->", F(3), F(3)), Einsum("ij,ij->ij", F(2, 3), F(2, 3)),
            Einsum("ij,jk,kl->il", F(2, 3), F(3, 2), F(2, 4)),
        ],

        // Reductions
        ["ReduceSum"]       = [.. Reduced(F(2, 3, 4)), new GradientCase(F(2, 3)).With(("noop_with_empty_axes", 1L)), new(F(2, 3), I())],
        ["ReduceMean"]      = [.. Reduced(F(2, 3, 4)), new GradientCase(F(2, 3)).With(("noop_with_empty_axes", 1L)), new(F(2, 3), I())],
        ["ReduceProd"]      =
        [
            .. Reduced(F(2, 3, 4).In(0.5, 1.5), c => c.Float32()), .. Reduced(F(2, 2, 2).In(-0.5, 0.5), c => c.Linear32()),   // eighths: zeros among them
            new GradientCase(F(2, 3)).With(("noop_with_empty_axes", 1L)).Linear32(),
        ],
        ["ReduceMax"]       = [.. Reduced(F(2, 3, 4).Spread()), new GradientCase(F(2, 3).In(0.5, 2)).With(("noop_with_empty_axes", 1L))],
        ["ReduceMin"]       = Reduced(F(2, 3, 4).Spread()),
        ["ReduceL1"]        = [.. Reduced(F(2, 3, 4).Spread(), c => c.Float32()), new GradientCase(F(2, 3).In(0.5, 2)).With(("noop_with_empty_axes", 1L)).Float32()],
        ["ReduceL2"]        = [.. Reduced(F(2, 3, 4), c => c.Float32()), new GradientCase(F(2, 3).In(0.5, 2)).With(("noop_with_empty_axes", 1L)).Float32()],
        ["ReduceSumSquare"] = [.. Reduced(F(2, 3, 4)), new GradientCase(F(2, 3).In(0.5, 2)).With(("noop_with_empty_axes", 1L))],
        ["ReduceLogSum"]    = [.. Reduced(F(2, 3, 4).In(0.5, 2), c => c.Float32()), new GradientCase(F(2, 3).In(0.5, 2)).With(("noop_with_empty_axes", 1L)).Float32()],
        ["ReduceLogSumExp"] = [.. Reduced(F(2, 3, 4)), new GradientCase(F(2, 3).In(0.5, 2)).With(("noop_with_empty_axes", 1L))],

        // Movers
        ["Reshape"]   = [new(F(2, 3, 4), I(4, 6)), new(F(2, 3, 4), I(0, -1)), new(F(2, 3), I(-1)), new(F(1), I()), new(F(2, 6), Ids([2], 3, 4))],
        ["Flatten"]   = [new(F(2, 3, 4)), .. Axes(F(2, 3, 4), 0, 1, 2, 3, -1)],
        ["Squeeze"]   = [new(F(2, 1, 3, 1)), new(F(2, 1, 3, 1), I(1)), new(F(2, 1, 3, 1), I(-1, 1))],
        ["Unsqueeze"] = [new(F(2, 3), I(0)), new(F(2, 3), I(-1, 1)), new(F(), I(0))],
        ["Transpose"] = [new(F(2, 3, 4)), new GradientCase(F(2, 3, 4)).With(("perm", [1, 2, 0])), new GradientCase(F(2, 3, 4, 2)).With(("perm", [2, 0, 3, 1]))],
        ["Concat"]    =
        [
            new GradientCase(F(2, 3), F(2, 1), F(2, 4)).With(("axis", 1L)), new GradientCase(F(2, 3), F(1, 3)).With(("axis", -2L)),
            new GradientCase(F(2, 3)).With(("axis", 0L)), new GradientCase(F(2), F(3).Constant()).With(("axis", 0L)),
        ],
        ["Split"]     =
        [
            new GradientCase(F(2, 7), I(1, 4, 2)).Making(3).With(("axis", 1L)), new GradientCase(F(6, 2), I(2, 4)).Making(2).With(("axis", -2L)),
            new GradientCase(F(6, 2)).Making(3).With(("num_outputs", 3L)), new GradientCase(F(7, 2)).Making(3).With(("num_outputs", 3L)),
            new GradientCase(F(7, 2), I(1, 4, 2)).Making(3, 1..2), new GradientCase(F(7, 2), I(1, 4, 2)).Making(3, 1..), new GradientCase(F(7, 2), I(1, 4, 2)).Making(3, ..1),
        ],
        ["Slice"]     =
        [
            new(F(5, 4), I(1), I(4)), new(F(5, 4), I(1, 0), I(4, 3)), new(F(5, 4), I(-3), I(-1), I(-1)), new(F(5, 4), I(1), I(long.MaxValue), I(1)),
            new(F(5, 4), I(0), I(5), I(0), I(2)), new(F(5, 4), I(4), I(0), I(0), I(-1)), new(F(5, 4), I(-1), I(long.MinValue), I(0), I(-2)),
            new(F(5, 4, 6), I(0, 5), I(5, 0), I(1, 2), I(3, -2)), new(F(5, 4), I(1, 3), I(9, -9), I(-2, -1), I(2, -1)), new(F(5, 4), I(-9), I(99), I(0)),
            new(F(5, 4), I(1), I(4), I(1), I(1)), new(F(5, 4), Ids([1], 1), Ids([1], 4), I(0)), new(F(5, 4), Ids([2], 1, 3), Ids([2], 4, 0), I(0, 1), Ids([2], 2, -1)),
            new(F(5), I(3), I(4)),
        ],
        ["Pad"]       =
        [
            new(F(2, 3), I(1, 0, 2, 1)), new(F(4, 5), I(-1, 0, -1, -2)), new(F(4, 5), I(-1, 2, 1, -2)), new(F(2, 3), I(1, 1, 1, 1), Scalar(7)),
            new(F(2, 3), I(1, 2), null, I(1)), new(F(2, 3), I(1, 2), null, I(-2)), new(F(2, 3), Ids([4], 1, 0, 2, 1)),
            .. from mode in new[] { "reflect", "edge", "wrap" }
               from pads in new[] { I(0, 1, 2, 0, 2, 1), I(0, 3, 0, 0, 0, 3), I(0, -1, 1, 0, 2, -1), I(0, -1, 0, 0, -2, 0) }
               select new GradientCase(F(2, 4, 5), pads).With(("mode", mode)).Sized(),
            new GradientCase(F(2, 3), I(0, 5, 0, 3)).With(("mode", "edge")).Sized(), new GradientCase(F(2, 3), I(0, 3, 0, 3)).With(("mode", "wrap")).Sized(),
            new GradientCase(F(2, 3), I(1, 2, 1, 2)).With(("mode", "reflect")).Sized(Known.All), new GradientCase(F(3), I(2, 1)).With(("mode", "wrap")).Sized(Known.All),
            .. from mode in new[] { "reflect", "edge", "wrap" } select new GradientCase(F(2, 4, 5), I(1, 2, 2, 3), null, I(2, 1)).With(("mode", mode)).Sized(),
            new GradientCase(F(2, 4, 4, 3), I(0, 0, 1, 2, 0, 0, 2, 1)).With(("mode", "reflect")).Sized(), new GradientCase(F(2, 4, 4, 4, 3), I(0, 1, 2, 1, 1, 0, 2, 1, 0, 0)).With(("mode", "edge")).Sized(),
        ],
        ["Tile"]      = [new(F(2, 3), I(2, 1)), new(F(2, 3), I(3, 2)), new(F(3), I(4)), new(F(1, 2, 1), I(2, 2, 3)), new(F(2, 3), Ids([2], 3, 2))],
        ["DepthToSpace"] =
        [
            new GradientCase(F(2, 8, 2, 3)).With(("blocksize", 2L)), new GradientCase(F(2, 8, 2, 3)).With(("blocksize", 2L), ("mode", "DCR")),
            new GradientCase(F(2, 8, 2, 3)).With(("blocksize", 2L), ("mode", "CRD")), new GradientCase(F(1, 9, 2, 1)).With(("blocksize", 3L), ("mode", "CRD")),
        ],
        ["SpaceToDepth"] = [new GradientCase(F(2, 2, 4, 6)).With(("blocksize", 2L)), new GradientCase(F(1, 1, 3, 6)).With(("blocksize", 3L))],

        ["Resize"] =
        [
            // the nearest element
            .. from coordinates in new[] { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric" }
               from rounding in new[] { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" }
               from scales in new[] { S(1, 1, 2, 3), S(1, 1, 0.5f, 0.7f), S(1, 1, 1.3f, 1), S(1, 1, 0.2f, 2.5f) }
               select Resized(F(1, 2, 5, 4), scales, ("mode", "nearest"), ("coordinate_transformation_mode", coordinates), ("nearest_mode", rounding)),
            .. from mode in new[] { "linear", "cubic" }
               from coordinates in new[] { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric" }
               from scales in new[] { S(1, 1, 2, 3), S(1, 1, 0.5f, 0.7f), S(1, 1, 1.3f, 1), S(1, 1, 0.2f, 2.5f) }
               select Resized(F(1, 2, 5, 4), scales, ("mode", mode), ("coordinate_transformation_mode", coordinates)),
            .. from mode in new[] { "nearest", "linear", "cubic" }
               from sizes in new[] { I(1, 2, 8, 3), I(1, 2, 5, 9), I(1, 2, 1, 1), I(1, 2, 15, 8) }
               select new GradientCase(F(1, 2, 5, 4), null, null, sizes).Linear32().Within(1e-5).With(("mode", mode)),
            Resized(F(2, 3, 4), S(1, 1, 2)), Resized(F(3, 4), S(2, 0.5f), ("mode", "linear")).Sized(Known.All), Resized(F(4), S(2.5f)).Sized(Known.All), Resized(F(2, 3, 4), S(2, 2, 1)).Sized(Known.All),
            // scales that leave a size as it is
            Resized(F(1, 4), S(1, 1.2f)), Resized(F(1, 2, 3, 4), S(1, 1, 1.2f, 1.2f)), Resized(F(1, 2, 3, 4), S(1, 1, 1.2f, 1.2f), ("mode", "linear")), Resized(F(1, 2, 3, 4), S(1, 1, 1.2f, 1.2f), ("mode", "cubic")),
            Resized(F(1, 2, 3, 4), S(1, 1, 2, 1.2f)), Resized(F(1, 2, 3, 4), S(1, 1, 2, 1.2f), ("mode", "linear")), Resized(F(1, 2, 3, 4), S(1, 1, 2, 1.2f), ("mode", "cubic")),
            Resized(F(1, 2, 2, 3, 4), S(1, 1, 2, 1.5f, 0.5f), ("mode", "linear")), Resized(F(1, 2, 2, 3, 4), S(1, 1, 2, 1.5f, 0.5f)),
            Resized(F(2, 1, 4, 3), S(2, 1.5f), ("axes", [2, 3]), ("mode", "linear")), Resized(F(2, 1, 4, 3), S(1.5f, 2), ("axes", [-1, -2]), ("mode", "cubic")),
            Resized(F(1, 1, 5, 4), S(1, 1, 1.6f, 0.8f), ("mode", "cubic"), ("cubic_coeff_a", -0.5f)), Resized(F(1, 1, 5, 4), S(1, 1, 1.6f, 0.8f), ("mode", "cubic"), ("exclude_outside", 1L)),
            Resized(F(2, 1, 4, 3), S(1, 1, 1, 1), ("mode", "linear")), Resized(F(2, 4, 3, 1), S(1, 2, 1.5f, 1), ("mode", "linear")), Resized(F(1, 2, 3, 4), S(1, 1, 1, 2), ("mode", "cubic")),
        ],

        // Indexing
        ["Gather"]         =
        [
            .. from axis in new long[] { 0, 1, 2, -1 }
               from ids in new[] { Ids([], 1), Ids([3], 1, -1, 1), Ids([2, 2], 0, 1, 1, -2), Ids([1], -1), Ids([1, 1], 1), Ids([], -1) }
               from constant in new[] { true, false }
               select new GradientCase(F(3, 2, 4), ids with { IsConstant = constant }).With(("axis", axis)),
            new(F(4), Ids([], 2)), new(F(4), Ids([3], 2, 2, 0)),
        ],
        ["GatherElements"] =
        [
            new(F(3, 4), Ids([2, 4], 0, 2, 1, 1, 0, -1, 1, 0)), new GradientCase(F(3, 4), Ids([3, 2], 0, 2, 1, 1, 3, -1)).With(("axis", 1L)),
            new GradientCase(F(3, 4), Ids([2, 5], 0, 0, 0, 1, 2, 3, 3, -1, -4, 0)).With(("axis", -1L)),
        ],
        ["GatherND"]       =
        [
            new(F(3, 4), Ids([2, 2], 0, 1, 2, 3)), new(F(3, 4), Ids([3, 1], 1, 1, -1)), new(F(3, 4, 2), Ids([2, 2, 2], 0, 1, 2, 3, 0, 1, -1, 0)), new(F(3, 4), Ids([1, 2], 1, 2)),
            new(F(2, 3, 2), Ids([3, 3], 1, -1, 0, 0, -3, 1, 1, 2, 0)),
        ],

        ["TopK"] =
        [
            .. from axis in new long[] { 0, 1, -1 }
               from largest in new long[] { 0, 1 }
               select new GradientCase(F(3, 4, 5).Spread(), I(2)).Making(2, ..1).With(("axis", axis), ("largest", largest)),
            new GradientCase(F(3, 5).Spread(), I(3)).Making(2, ..1), new GradientCase(F(3, 5).Spread(), I(3)).Making(2, ..1).With(("sorted", 0L)),
            new GradientCase(F(3, 5).Spread(), Ids([1], 3)).Making(2, ..1),
        ],
        ["Compress"] =
        [
            new GradientCase(F(3, 4), B([3], 1, 0, 1)).With(("axis", 0L)), new GradientCase(F(3, 4), B([3], 0, 1, 1)).With(("axis", -1L)), new GradientCase(F(2, 3, 2), B([3], 1, 1, 0)).With(("axis", 1L)),
            new(F(3, 4), B([7], 0, 1, 1, 0, 0, 0, 1)), new(F(4), B([4], 0, 1, 1, 0)),
        ],
        ["ReverseSequence"] =
        [
            new(F(4, 3), Ids([3], 4, 2, 1)), new GradientCase(F(3, 4, 2), Ids([3], 4, 2, 3)).With(("batch_axis", 0L), ("time_axis", 1L)),
        ],
        ["ScatterElements"] =
        [
            new(F(3, 4), Ids([2, 4], 0, 2, 1, 1, 1, -2, 2, 0), F(2, 4)), new GradientCase(F(3, 4), Ids([3, 2], 0, 2, 1, -1, 3, 0), F(3, 2)).With(("axis", 1L)),
            new GradientCase(F(3, 4), Ids([2, 2], 0, 0, 1, 1), F(2, 2)).With(("reduction", "add")), new GradientCase(F(3, 4), Ids([2, 3], 0, 2, 0, -4, 3, 3), F(2, 3)).With(("axis", -1L), ("reduction", "add")),
            new GradientCase(F(3, 4), Ids([2, 2], 0, 0, 1, 1), F(2, 2)).With(("reduction", "none")),
        ],
        ["ScatterND"] =
        [
            new(F(3, 4), Ids([2, 2], 0, 1, 2, 3), F(2)), new(F(3, 4), Ids([2, 1], 1, -1), F(2, 4)), new GradientCase(F(3, 4), Ids([2, 2], 0, 1, 2, 3), F(2)).With(("reduction", "none")),
            new GradientCase(F(3, 4), Ids([2, 2], 0, 1, 2, -2), F(2)).With(("reduction", "add")), new(F(3, 4, 2), Ids([2, 2, 2], 0, 1, 2, 3, 0, 2, -1, 0), F(2, 2, 2)),
        ],

        // Convolutions and pooling
        ["Conv"] =
        [
            Conv(F(2, 2, 6), F(3, 2, 3)), Conv(F(2, 4, 9), F(6, 2, 3), ("group", 2L), ("strides", [2]), ("pads", [2, 1]), ("dilations", [2])),
            Conv(F(2, 2, 5, 4), F(3, 2, 3, 2)), Conv(F(2, 2, 5, 5), F(3, 2, 1, 1)), Conv(F(2, 2, 5, 5), F(3, 2, 1, 1), ("strides", [2, 2])),
            Conv(F(2, 2, 5, 5), F(3, 2, 3, 3), ("pads", [1, 1, 1, 1])), Conv(F(2, 2, 6, 7), F(3, 2, 3, 2), ("strides", [2, 3]), ("pads", [0, 1, 2, 0])),
            Conv(F(2, 2, 6, 6), F(3, 2, 3, 3), ("strides", [2, 2])), Conv(F(1, 2, 8, 8), F(3, 2, 2, 2), ("strides", [3, 3])),
            Conv(F(1, 2, 7, 8), F(2, 2, 3, 2), ("dilations", [2, 3])), Conv(F(1, 2, 9, 8), F(2, 2, 3, 2), ("dilations", [2, 3]), ("strides", [2, 2]), ("pads", [1, 2, 3, 0])),
            Conv(F(2, 4, 5, 5), F(4, 1, 3, 3), ("group", 4L), ("pads", [1, 1, 1, 1])), Conv(F(2, 2, 6, 6), F(4, 1, 3, 3), ("group", 2L), ("strides", [2, 2]), ("pads", [1, 1, 1, 1])),
            Conv(F(2, 4, 5, 5), F(6, 2, 3, 3), ("group", 2L)), Conv(F(1, 2, 5, 5), F(3, 2, 3, 3), ("auto_pad", "SAME_UPPER"), ("strides", [2, 2])),
            Conv(F(1, 2, 6, 5), F(3, 2, 3, 2), ("auto_pad", "SAME_LOWER"), ("strides", [2, 1])), Conv(F(1, 2, 5, 5), F(3, 2, 5, 5)), Conv(F(1, 2, 5, 5), F(3, 2, 3, 3), ("auto_pad", "VALID")),
            Conv(F(1, 2, 4, 3, 5), F(3, 2, 2, 3, 2)), Conv(F(1, 2, 5, 4, 5), F(2, 1, 2, 3, 2), ("group", 2L), ("strides", [2, 1, 2]), ("pads", [1, 0, 1, 0, 1, 2]), ("dilations", [1, 1, 2])),
            // from 16 channels on, without strides, the input's gradient is a convolution itself
            Conv(F(2, 16, 4, 4), F(2, 16, 3, 3), ("pads", [1, 1, 1, 1])), Conv(F(1, 16, 4, 5), F(4, 8, 3, 2), ("group", 2L), ("pads", [0, 1, 2, 0])),
            Conv(F(1, 16, 7), F(16, 1, 3), ("group", 16L), ("dilations", [2])), Conv(F(1, 16, 3, 4, 4), F(2, 16, 2, 3, 3), ("pads", [1, 1, 1, 0, 1, 1])),
            Conv(F(1, 16, 3, 3), F(2, 16, 2, 2), ("pads", [2, 2, 2, 2])),
            new GradientCase(F(2, 2, 5, 5), F(3, 2, 3, 3)).Linear32(), new GradientCase(F(2, 2, 5, 5), F(3, 2, 3, 3).Constant(), F(3)).Linear32(),
        ],
        ["ConvTranspose"] =
        [
            Deconv(F(2, 2, 4), F(2, 3, 3)), Deconv(F(2, 4, 5), F(4, 3, 3), ("group", 2L), ("strides", [2]), ("pads", [2, 1]), ("dilations", [2])),
            Deconv(F(2, 2, 4, 3), F(2, 3, 3, 2)), Deconv(F(2, 2, 3, 3), F(2, 3, 1, 1)), Deconv(F(2, 2, 3, 3), F(2, 3, 1, 1), ("strides", [2, 2])),
            Deconv(F(2, 2, 4, 4), F(2, 3, 2, 2), ("strides", [2, 2])), Deconv(F(1, 2, 4, 4), F(2, 3, 4, 4), ("strides", [2, 2]), ("pads", [1, 1, 1, 1])),
            Deconv(F(1, 2, 3, 4), F(2, 3, 3, 3), ("strides", [2, 2]), ("pads", [1, 1, 1, 1]), ("output_padding", [1, 1])),
            Deconv(F(1, 2, 3, 4), F(2, 3, 3, 2), ("strides", [2, 3]), ("pads", [0, 1, 2, 0]), ("output_padding", [1, 2])),
            Deconv(F(1, 2, 3, 3), F(2, 2, 3, 2), ("dilations", [2, 3]), ("pads", [1, 2, 3, 0])), Deconv(F(1, 2, 3, 3), F(2, 2, 2, 2), ("dilations", [3, 3]), ("strides", [2, 2]), ("output_padding", [1, 1])),
            Deconv(F(2, 4, 3, 3), F(4, 1, 3, 3), ("group", 4L), ("strides", [2, 2])), Deconv(F(2, 4, 3, 3), F(4, 3, 3, 3), ("group", 2L), ("pads", [1, 1, 1, 1])),
            // of SAME_* with strides ONNX's shape inference has another size than the runtime's kernel
            .. from automatic in new[] { "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET" } select Deconv(F(1, 2, 3, 4), F(2, 2, 4, 3), ("auto_pad", automatic)),
            Deconv(F(1, 2, 3, 4), F(2, 2, 3, 3), ("auto_pad", "VALID"), ("strides", [2, 3])),
            Deconv(F(1, 2, 3, 4), F(2, 2, 3, 3), ("strides", [2, 2]), ("output_shape", [6, 8])), Deconv(F(1, 2, 3, 4), F(2, 2, 3, 3), ("strides", [2, 2]), ("output_shape", [8, 10])),
            Deconv(F(1, 2, 2, 3, 2), F(2, 3, 2, 3, 2)), Deconv(F(1, 2, 2, 3, 2), F(2, 1, 2, 3, 2), ("group", 2L), ("strides", [2, 1, 2]), ("pads", [1, 0, 1, 0, 1, 2]), ("output_padding", [1, 0, 1])),
            new GradientCase(F(2, 2, 3, 3), F(2, 3, 3, 3)).Linear32(), new GradientCase(F(2, 2, 3, 3), F(2, 3, 3, 3).Constant(), F(3)).Linear32(),
        ],
        ["MaxPool"] = [.. Pool(F(2, 2, 7).Spread(), F(1, 2, 5, 6).Spread(), F(1, 1, 4, 3, 5).Spread())],
        ["AveragePool"] =
        [
            .. Pool(F(2, 2, 7), F(1, 2, 5, 6), F(1, 1, 4, 3, 5)).Select(c => c.Linear32()),
            .. Pool(F(2, 2, 7), F(1, 2, 5, 6), F(1, 1, 4, 3, 5)).Select(c => c.Linear32().With([.. c.Attributes, ("count_include_pad", 1L)])),
        ],
        ["GlobalAveragePool"] = [.. new[] { F(2, 3, 4), F(2, 3, 4, 5), F(1, 2, 2, 3, 2) }.Select(x => new GradientCase(x).Linear32())],
        ["GlobalMaxPool"]     = [.. new[] { F(2, 3, 4), F(2, 3, 4, 5), F(1, 2, 2, 3, 2) }.Select(x => new GradientCase(x.Spread()).Float32())],

        ["LpPool"]            =
        [
            .. Pool(F(2, 2, 7).Spread(), F(1, 2, 5, 6).Spread(), F(1, 1, 4, 3, 5).Spread()).Select(c => c.Float32()),
            .. Pool(F(2, 2, 7).Spread(), F(1, 2, 5, 6).Spread(), F(1, 1, 4, 3, 5).Spread()).Select(c => c.Float32().With([.. c.Attributes, ("p", 3L)])),
        ],
        ["GlobalLpPool"]      =
        [
            .. from x in new[] { F(2, 3, 4), F(2, 3, 4, 5), F(1, 2, 2, 3, 2) }
               from p in new long[] { 1, 2, 3 }
               select new GradientCase(x.Spread()).Float32().With(("p", p)),
            new GradientCase(F(2, 3, 4).Spread()).Float32(),
        ],

        // Normalisations and losses
        ["BatchNormalization"] =
        [
            .. from x in new[] { F(4, 3), F(2, 3, 4), F(2, 3, 2, 2) }
               select new GradientCase(x, F(3), F(3), F(3).Constant(), F(3).In(0.5, 2).Constant()),
            new GradientCase(F(2, 3, 2), F(3), F(3), F(3).Constant(), F(3).In(0.5, 2).Constant()).With(("epsilon", 0.1f)),
        ],
        ["com.sema.BatchNormalizationTraining"] =
        [
            new GradientCase(F(5, 3), F(3), F(3)).With(("epsilon", 1e-5f), ("axes", [0])).Making(3, ..1),
            new GradientCase(F(2, 3, 4), F(3), F(3)).With(("epsilon", 1e-3f), ("axes", [0, 2])).Making(3, ..1),
            new GradientCase(F(2, 3, 2, 3), F(3), F(3)).With(("epsilon", 0.1f), ("axes", [0, 2, 3])).Making(3, ..1),
        ],
        ["com.sema.BatchNormalizationClipTraining"] =
        [
            .. new (double Low, double High)[] { (-20, 20), (-20, -10), (10, 20), (double.NegativeInfinity, double.PositiveInfinity) }.Select(bounds => new GradientCase(F(2, 3, 4), F(3), F(3))
                .With(("epsilon", 1e-3f), ("axes", [0, 2]), ("low", (float)bounds.Low), ("high", (float)bounds.High)).Making(3, ..1)),
            new GradientCase(F(4, 2).At(-3, 1, -1, 3, 1, -3, 3, -1), F(2).At(1, 1), F(2).At(0, 0))   // x̂: ±1.34 and ±0.45
                .With(("epsilon", 1e-5f), ("axes", [0]), ("low", -1f), ("high", 1f)).Making(3, ..1),
        ],
        ["com.sema.LayerNormalizationTraining"] =
        [
            new GradientCase(F(2, 3, 4), F(4), F(4)).With(("epsilon", 1e-5f), ("axis", 2L)).Making(3, ..1).Within(1e-6),
            new GradientCase(F(2, 3, 4), F(3, 4), F(3, 4)).With(("epsilon", 0.1f), ("axis", 1L)).Making(3, ..1).Within(1e-6),
        ],
        ["LayerNormalization"] =
        [
            .. new GradientCase[]
            {
                new(F(2, 3, 4), F(4), F(4)), new(F(2, 3, 4), F(4)), new GradientCase(F(2, 3, 4), F(3, 4), F(3, 4)).With(("axis", 1L), ("epsilon", 0.1f)),
                new GradientCase(F(2, 3, 4), F(2, 3, 4), F(2, 3, 4)).With(("axis", 0L)), new GradientCase(F(2, 3, 4), F(3, 4), F(3, 4)).With(("axis", -2L)),
            }.Select(c => c.Within(1e-6)),   // the operator's own mean and deviation are float32
        ],
        ["InstanceNormalization"] =
        [
            .. new[] { F(2, 3, 4), F(2, 3, 2, 3) }.Select(x => new GradientCase(x, F(3), F(3)).With(("epsilon", 0.1f)).Float32()),
            new GradientCase(F(1, 2, 2, 3, 2), F(2), F(2)).Float32(),
        ],
        ["GroupNormalization"] =
        [
            .. from groups in new long[] { 1, 2, 4 }
               from x in new[] { F(2, 4, 3), F(2, 4, 2, 3) }
               select new GradientCase(x, F(4), F(4)).With(("num_groups", groups), ("stash_type", (long)ElementType.Float64)),
            new GradientCase(F(2, 6, 2), F(6), F(6)).With(("num_groups", 3L), ("epsilon", 0.1f), ("stash_type", (long)ElementType.Float64)),
        ],
        ["LpNormalization"] =
        [
            .. from p in new long[] { 1, 2 }
               from axis in new long[] { 0, 1, -1 }
               select new GradientCase(F(2, 3, 4).Spread()).With(("p", p), ("axis", axis)),
            new(F(2, 3).Spread()),
        ],
        ["LRN"] =
        [
            .. from size in new long[] { 1, 3, 5 }   // the runtime takes no even sizes
               select new GradientCase(F(2, 4, 2, 2)).With(("size", size), ("alpha", 0.5f), ("beta", 0.6f), ("bias", 1.5f)).Float32(),
            new GradientCase(F(1, 6, 2, 1)).With(("size", 3L)).Float32(),
        ],
        ["MeanVarianceNormalization"] =
        [
            new GradientCase(F(2, 3, 2, 2)).Float32(), new GradientCase(F(2, 3, 2, 2)).With(("axes", [1, 2, 3])).Float32(),
            new GradientCase(F(2, 3, 2, 4)).With(("axes", [0, -1])).Float32(),
        ],
        ["com.sema.CrossEntropy"] =
        [
            .. from smoothing in new[] { 0f, 0.1f }
               from ignored in new long[] { -100, 2 }
               select new GradientCase(F(4, 3), Ids([4], 1, 0, ignored, 1)).With(("ignore_index", ignored), ("label_smoothing", smoothing)).Making(2, ..1),
        ],
    };
#pragma warning restore format

    private static readonly Dictionary<string, GradientCase[]>[] Families =
        [Table, RecurrentCases.Table, VisionCases.Table, SignalCases.Table, ControlFlowCases.Table, QuantizationCases.Table, AttentionGradientCases.Table];

    internal static IReadOnlyList<GradientCase> Of(string op) => [.. Families.SelectMany(family => family.GetValueOrDefault(op, [])).Select(c => c with { Op = op })];

    private static GradientCase[] Unary(Operand x) => [new(x), new(x with { Dims = [] })];

    private static GradientCase[] Unary32(Operand x) => [.. Unary(x).Select(c => c.Float32())];

    // The same, one repeated along an axis, both repeated, a scalar, a rank more on the left or on the right.
    private static GradientCase[] Binary(Operand a, Operand b) =>
    [
        .. new (long[] A, long[] B)[]
        {
            ([2, 3], [2, 3]), ([2, 3], [3]), ([3], [2, 3]), ([2, 1], [1, 3]), ([2, 3], []), ([], [2, 3]), ([4, 2, 1], [2, 3]), ([2, 3], [4, 1, 3]), ([1], [1, 1]), ([1, 3], [3]),
        }.Select(dims => new GradientCase(a with { Dims = dims.A }, b with { Dims = dims.B })),
    ];

    private static GradientCase[] Axes(Operand x, params long[] axes) => [.. axes.Select(axis => new GradientCase(x).With(("axis", axis)))];

    private static GradientCase[] Reduced(Operand x, Func<GradientCase, GradientCase>? precision = null) =>
    [
        .. from axes in new Operand?[] { null, I(0), I(1), I(-1), I(0, 2), I(-2, 0), I(0, 1, 2) }
           from keep in new long[] { 0, 1 }
           let c = new GradientCase(axes is null ? [x] : [x, axes]).With(("keepdims", keep))
           select precision is null ? c : precision(c),
    ];

    private static GradientCase Conv(Operand x, Operand w, params Attribute[] attributes) =>
        new GradientCase(x, w, F(w.Dims[0])).Linear32().With(attributes);

    private static GradientCase Einsum(string equation, params Operand[] inputs) => new GradientCase(inputs).With(("equation", equation));

    private static Operand S(params float[] scales) => new(scales.Length) { Fixed = Tensor.Floats([scales.Length], scales), IsConstant = true };

    private static GradientCase Resized(Operand x, Operand scales, params Attribute[] attributes) => new GradientCase(x, null, scales).Linear32().Within(1e-5).With(attributes);

    private static GradientCase Deconv(Operand x, Operand w, params Attribute[] attributes) =>
        new GradientCase(x, w, F(w.Dims[1] * attributes.Where(a => a.Name == "group").Select(a => (long)a.Value).FirstOrDefault(1))).Linear32().With(attributes);

    private static IEnumerable<GradientCase> Pool(Operand line, Operand plane, Operand cube) =>
    [
        new GradientCase(line).With(("kernel_shape", [2])),
        new GradientCase(line).With(("kernel_shape", [3]), ("strides", [2]), ("pads", [1, 0])),
        new GradientCase(plane).With(("kernel_shape", [2, 2]), ("strides", [2, 2])),
        new GradientCase(plane).With(("kernel_shape", [3, 2])),
        new GradientCase(plane).With(("kernel_shape", [3, 3]), ("strides", [2, 2]), ("pads", [1, 1, 1, 1])),
        new GradientCase(plane).With(("kernel_shape", [3, 2]), ("strides", [2, 1]), ("pads", [0, 1, 2, 0])),
        new GradientCase(plane).With(("kernel_shape", [2, 2]), ("strides", [2, 2]), ("ceil_mode", 1L)),
        new GradientCase(plane).With(("kernel_shape", [3, 3]), ("strides", [3, 2]), ("pads", [1, 0, 0, 1]), ("ceil_mode", 1L)),
        new GradientCase(plane).With(("kernel_shape", [3, 3]), ("strides", [2, 2]), ("pads", [1, 1, 1, 1]), ("ceil_mode", 1L)),
        new GradientCase(plane).With(("kernel_shape", [2, 2]), ("dilations", [2, 3])),
        new GradientCase(plane).With(("kernel_shape", [2, 2]), ("dilations", [2, 1]), ("strides", [1, 2]), ("pads", [1, 0, 1, 1])),
        new GradientCase(plane).With(("kernel_shape", [3, 3]), ("strides", [2, 2]), ("auto_pad", "SAME_UPPER")),
        new GradientCase(plane).With(("kernel_shape", [2, 3]), ("strides", [2, 1]), ("auto_pad", "SAME_LOWER")),
        new GradientCase(cube).With(("kernel_shape", [2, 2, 3])),
        new GradientCase(cube).With(("kernel_shape", [2, 2, 3]), ("strides", [2, 1, 2]), ("pads", [0, 1, 1, 0, 0, 1])),
    ];
}
