//! The trainers that come with the frameworks.

/// nnU-Net 2 (`nnunetv2/training/nnUNetTrainer`).
pub(super) const NNUNET_V2: &str = "
nnUNetTrainer nnUNetTrainerAdam nnUNetTrainerAdam1en3 nnUNetTrainerAdam3en4 nnUNetTrainerAdan
nnUNetTrainerAdan1en1 nnUNetTrainerAdan1en3 nnUNetTrainerAdan3en4 nnUNetTrainerAdanCosAnneal
nnUNetTrainerBN nnUNetTrainerBenchmark_5epochs nnUNetTrainerBenchmark_5epochs_noDataLoading
nnUNetTrainerCELoss nnUNetTrainerCELoss_5epochs nnUNetTrainerCosAnneal nnUNetTrainerDA5
nnUNetTrainerDA5Segord0 nnUNetTrainerDA5_10epochs nnUNetTrainerDA5ord0 nnUNetTrainerDAOrd0
nnUNetTrainerDiceCELoss_noSmooth nnUNetTrainerDiceLoss nnUNetTrainerDiceTopK10Loss nnUNetTrainerNoDA
nnUNetTrainerNoDeepSupervision nnUNetTrainerNoMirroring nnUNetTrainerTopk10Loss
nnUNetTrainerTopk10LossLS01 nnUNetTrainerVanillaAdam nnUNetTrainerVanillaAdam1en3
nnUNetTrainerVanillaAdam3en4 nnUNetTrainer_1epoch nnUNetTrainer_5epochs nnUNetTrainer_10epochs
nnUNetTrainer_20epochs nnUNetTrainer_50epochs nnUNetTrainer_100epochs nnUNetTrainer_250epochs
nnUNetTrainer_250epochs_NoMirroring nnUNetTrainer_500epochs nnUNetTrainer_750epochs
nnUNetTrainer_2000epochs nnUNetTrainer_2000epochs_NoMirroring nnUNetTrainer_4000epochs
nnUNetTrainer_4000epochs_NoMirroring nnUNetTrainer_8000epochs nnUNetTrainer_8000epochs_NoMirroring
nnUNetTrainer_DASegOrd0 nnUNetTrainer_DASegOrd0_NoMirroring nnUNetTrainer_noDummy2DDA
nnUNetTrainer_onlyMirror01 nnUNetTrainer_onlyMirror01_1500ep nnUNetTrainer_onlyMirror01_DA5
nnUNetTrainer_onlyMirror01_DASegOrd0 nnUNetTrainer_probabilisticOversampling
nnUNetTrainer_probabilisticOversampling_010 nnUNetTrainer_probabilisticOversampling_033
nnUNetTrainer_warmup nnUNet_Trainer_BS8 nnUNet_Primus_S_Trainer nnUNet_Primus_B_Trainer
nnUNet_Primus_M_Trainer nnUNet_Primus_L_Trainer nnUNet_Primus_M_Trainer_BS8
nnUNet_Primus_M_Trainer_BS8_2e4 nnUNet_PrimusV2S_Trainer nnUNet_PrimusV2B_Trainer
nnUNet_PrimusV2M_Trainer nnUNet_PrimusV2L_Trainer nnUNet_PrimusV3S_Trainer nnUNet_PrimusV3B_Trainer
nnUNet_PrimusV3M_Trainer nnUNet_PrimusV3L_Trainer";

/// TotalSegmentator's own, which it brings along.
pub(super) const TOTALSEGMENTATOR: &str = "
nnUNetTrainer_MOSAIC_1k_QuarterLR_NoMirroring nnUNetTrainerSkeletonRecall
nnUNetTrainerDiceTopK10Loss_2000epochs";

/// nnU-Net 1 (`nnunet/training/network_training`): each begins with `nnUNetTrainerV2`, and ends as
/// here; a dot is an empty end.
pub(super) const NNUNET_V1: &str = "
. CascadeFullRes CascadeFullRes_EducatedGuess CascadeFullRes_EducatedGuess2 CascadeFullRes_EducatedGuess3
CascadeFullRes_lowerLR CascadeFullRes_noConnComp CascadeFullRes_shorter CascadeFullRes_shorter_lowerLR
CascadeFullRes_smallerBinStrel BraTSRegions BraTSRegions_BN BraTSRegions_DA3 BraTSRegions_DA3_BD
BraTSRegions_DA3_BN BraTSRegions_DA3_BN_BD BraTSRegions_DA4_BN BraTSRegions_DA4_BN_BD BraTSRegions_DDP
BraTSRegions_Dice _2epochs _2epochs_dummyLoad _3ConvPerStage _3ConvPerStageSameFilters _5epochs
_5epochs_CEnoDS _5epochs_dummyLoad _5epochs_dummyLoadCEnoDS _5epochs_noDS _Adam _Adam_ReduceOnPlateau
_Adam_nnUNetTrainerlr _BN _DA2 _DA3 _DA3_BN _DA5 _DDP _DDP_5epochs _DDP_5epochs_dummyLoad _DP _FRN
_ForceBD _ForceSD _GN _GeLU _LReLU_slope_2en1 _Loss_CE _Loss_CEGDL _Loss_Dice _Loss_DiceCE_noSmooth
_Loss_DiceTopK10 _Loss_Dice_LR1en3 _Loss_Dice_squared _Loss_DicewithBG _Loss_DicewithBG_LR1en3
_Loss_MCC _Loss_MCCnoBG _Loss_TopK10 _MMS _Mish _NoNormalization _NoNormalization_lr1en3
_Ranger_lr1en2 _Ranger_lr3en3 _Ranger_lr3en4 _ReLU _ReLU_biasInSegOutput _ReLU_convReLUIN _ResencUNet
_ResencUNet_DA3 _ResencUNet_DA3_BN _ResencUNet_SimonsInit _ResencUNet_SimonsInit_DA5
_SGD_ReduceOnPlateau _SGD_fixedSchedule _SGD_fixedSchedule2 _SGD_lr1en1 _SGD_lr1en3 _SegLoss_Focal
_allConv3x3 _copy1 _copy2 _copy3 _copy4 _cycleAtEnd _cycleAtEnd2 _focalLoss _fp16 _fp32 _fullEvals
_graduallyTransitionFromCEToDice _independentScalePerAxis _insaneDA _lReLU_biasInSegOutput
_lReLU_convReLUIN _momentum09 _momentum095 _momentum098 _momentum09in2D _noDataAugmentation
_noDeepSupervision _noMirroring _reduceMomentumDuringTraining _resample33 _softDeepSupervision _warmup";

/// Whether a trainer comes with nnU-Net 1.
pub(super) fn is_of_v1(trainer: &str) -> bool {
    let older = [
        "nnUNetTrainer",
        "nnUNetTrainerCE",
        "nnUNetTrainerNoDA",
        "nnUNetTrainerCascadeFullRes",
    ];
    let end = trainer.strip_prefix("nnUNetTrainerV2");
    let known = |end: &str| {
        NNUNET_V1
            .split_whitespace()
            .any(|it| it == end || (it == "." && end.is_empty()))
    };
    older.contains(&trainer) || end.is_some_and(known)
}

/// Whether a trainer comes with nnU-Net 2 or TotalSegmentator.
pub(super) fn is_of_v2(trainer: &str) -> bool {
    let mut known = NNUNET_V2
        .split_whitespace()
        .chain(TOTALSEGMENTATOR.split_whitespace());
    known.any(|name| name == trainer)
}
